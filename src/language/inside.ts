import type { ValueForm } from '../model/message.ts'
import { INVISIBLE, tame } from './tame.ts'

/** The text as it stands inside a string of JSON. */
export function jsonInside(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** A piece of JSON that stands outside a string; commas between items may be rendered too. Throws when it is none. */
export function jsonValue(text: string): string {
  if (/^[\s,]*$/.test(text)) return text
  try {
    JSON.parse(text)
    return text
  } catch {
    throw new Error(`outside a string a tag must render to JSON, not to ${JSON.stringify(text.slice(0, 40))}`)
  }
}

/** The text with the marks of light Markdown taken for what they are. */
export function markdownInside(text: string): string {
  return text.replace(/[\\`*_[\]]/g, '\\$&')
}

/** The text as a part of a link's address, which it cannot end. */
export function markdownUrl(text: string): string {
  return text.replace(/[()\s\\<>]/g, (char) => encodeURIComponent(char).replace('(', '%28').replace(')', '%29'))
}

/** The text as HTML or XML has it, in content and in quoted attributes. */
export function htmlInside(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** The text as it stands in a body of this form. An address stays one. */
export function formInside(form: ValueForm, text: string): string {
  if (ADDRESS.test(text)) return text.replace(/[@|`()[\]*~\\]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return forms[form](text)
}

/** A piece of JSON with the strings in it as they stand in a body of this form. */
export function formInStrings(form: ValueForm, json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, (literal) => {
    try {
      return JSON.stringify(formInside(form, JSON.parse(literal) as string))
    } catch {
      return literal
    }
  })
}

/** The whole value; nothing in it could begin a mention. */
const ADDRESS = /^https?:\/\/[^\s<>"]+$/i
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

const forms: Record<ValueForm, (text: string) => string> = {
  slack: (text) => tame(text.replace(/[&<>]/g, (char) => entities[char] ?? char)),
  markdown: (text) => quiet(text).replace(/[\\`*~[\]]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&'),
  chat: (text) => tame(quiet(text)).replace(/\](?=\()/g, `]${INVISIBLE}`),
}

/** Without mentions, references and tags. */
function quiet(text: string): string {
  return text.replace(/@|[#!](?=[\p{L}\p{N}])|<(?=[@#!:/a-z])/giu, `$&${INVISIBLE}`)
}
