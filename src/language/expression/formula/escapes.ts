import { fail } from '../failure.ts'

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const XML: Record<string, string> = { ...HTML, "'": '&apos;' }
const ENTITIES = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }))
const CONTROLS: Record<string, string> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }
const LETTERS = Object.fromEntries(Object.entries(CONTROLS).map(([char, letter]) => [letter, char]))

/** Makes a text safe for `html`, `xml`, `csv`, `url` (as forms write it) or `javascript`. */
export function escapeText(text: string, mode: string): string {
  switch (mode) {
    case 'html':
      return text.replace(/[&<>"']/g, (char) => HTML[char] ?? char)
    case 'xml':
      return text.replace(/[&<>"']/g, (char) => XML[char] ?? char)
    case 'csv':
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
    case 'url':
      return new URLSearchParams([['', text]]).toString().slice(1)
    case 'javascript':
      return text.replace(/[\\'"/\n\r\t\b\f]|[^\x20-\x7e]/g, (char) =>
        CONTROLS[char] === undefined ? escapedChar(char) : `\\${CONTROLS[char]}`,
      )
    default:
      return unknownMode(mode)
  }
}

/** Takes back what `escapeText` did. */
export function unescapeText(text: string, mode: string): string {
  switch (mode) {
    case 'html':
    case 'xml':
      return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]+));/g, (whole, ten, hex, name) =>
        name === undefined
          ? character(Number.parseInt(ten ?? hex, ten === undefined ? 16 : 10), whole)
          : (ENTITIES.get(name) ?? whole),
      )
    case 'csv':
      return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text
    case 'url':
      return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? ''
    case 'javascript':
      return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, char: string) =>
        hex === undefined ? (LETTERS[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
      )
    default:
      return unknownMode(mode)
  }
}

function escapedChar(char: string): string {
  return /[\\'"/]/.test(char) ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function character(code: number, whole: string): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

function unknownMode(mode: string): never {
  return fail('ValueError', `escape knows html, xml, csv, url and javascript, not '${mode.slice(0, 40)}'.`)
}
