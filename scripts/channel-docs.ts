/**
 * `npm run docs`: writes into each page of `docs/channels` what the channel's own declarations say, between two marks.
 * What stands outside of them is written by hand. A test fails while a page is not up to date.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { Channel, ChannelLimits } from '../src/channels/channel.ts'
import { channels } from '../src/channels/index.ts'
import { schedules } from '../src/deliver/retry.ts'
import { lifetimes } from '../src/model/delivery.ts'
import { formatDuration } from '../src/model/duration.ts'
import { type FieldInfo, fieldsOf } from '../src/model/settings.ts'

const BEGIN = '<!-- Made from the declarations in the source by `npm run docs`; changes below are lost. -->'
const END = '<!-- The end of what is made. -->'

/** The page of a kind of channel. */
export function pageOf(kind: string): string {
  return fileURLToPath(new URL(`../docs/channels/${kind}.md`, import.meta.url))
}

/** The page with its made part as the declarations have it now; `before` is the page as it is, if there is one. */
export function upToDate(channel: Channel, before: string | undefined): string {
  const made = `${BEGIN}\n\n${sections(channel)}\n\n${END}\n`
  const page = before ?? `# ${channel.label}\n`
  const start = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (start < 0 || end < 0) return `${page.trimEnd()}\n\n${made}`
  return page.slice(0, start) + made + page.slice(end + END.length).replace(/^\n/, '')
}

function sections(channel: Channel): string {
  const { kind, label, documentation, settings } = channel
  const vendor = `Kind: \`${kind}\` (${label}). The vendor's own description: <${documentation}>.`
  const limits = ['## Limits and repeats', table(['', ''], limitRows(channel))].join('\n\n')
  const shown = Object.entries(fieldsOf(settings))
  const rows = shown.map(([key, info]) => settingRow(key, info, schemaOf(settings)))
  const head = ['setting', 'value', 'what it is', 'default']
  const all = rows.length === 0 ? 'It has none.' : table(head, rows)
  return ['## Settings', vendor, all, limits].join('\n\n')
}

interface Part {
  type?: string
  enum?: unknown[]
  default?: unknown
  minimum?: number
  maximum?: number
  anyOf?: Part[]
  oneOf?: Part[]
}

interface SettingsSchema {
  properties: Record<string, Part>
  required: string[]
}

function schemaOf(settings: Channel['settings']): SettingsSchema {
  const { properties = {}, required = [] } = toJsonSchema(settings, { errorMode: 'ignore', typeMode: 'input' })
  return { properties: properties as Record<string, Part>, required }
}

function settingRow(key: string, info: FieldInfo, { properties, required }: SettingsSchema): string[] {
  const part = properties[key] ?? {}
  const hint = info.hint === undefined ? '' : `: ${info.hint}`
  const secret = info.secret === true ? ' *Secret: sealed, and never shown again.*' : ''
  const fixed = info.fixed === true ? ' *A route has none of its own.*' : ''
  const preset = part.default === undefined ? '' : `\`${JSON.stringify(part.default)}\``
  return [
    `\`${key}\``,
    valueWords(part),
    `${info.title}${hint}${secret}${fixed}`,
    required.includes(key) ? '*required*' : preset,
  ]
}

function valueWords(part: Part): string {
  if (part.enum !== undefined) return part.enum.map((value) => `\`${value}\``).join(', ')
  const others = part.anyOf ?? part.oneOf
  if (others !== undefined) return [...new Set(others.map(valueWords))].join(' or ')
  const range = part.minimum === undefined || part.maximum === undefined ? '' : `, ${part.minimum} to ${part.maximum}`
  const words: Record<string, string> = {
    string: 'text',
    integer: 'whole number',
    number: 'number',
    boolean: '`true` or `false`',
    array: 'list',
    object: 'object',
  }
  return `${words[part.type ?? ''] ?? 'any'}${range}`
}

function limitRows({ limits, idempotent, probe, split }: Channel): string[][] {
  const { title, body, payload, rows, pace, inFlight, retries } = limits
  const unknown = idempotent
    ? 'is repeated: that does no harm'
    : probe === undefined
      ? 'is not repeated by itself, since it may have arrived'
      : 'is repeated only when the receiver shows that it has not arrived'
  return [
    ...amount('Longest title', title, 'characters'),
    ...amount('Longest text', body, 'characters'),
    ...amount('Largest payload', payload, 'bytes'),
    ...amount('Rows of a table', rows, ''),
    ...(pace === undefined ? [] : [['Pace of one destination', paceWords(pace)]]),
    ['Under way at a time, for one destination', String(inFlight)],
    [
      'Several recipients',
      split === undefined ? 'one delivery to all' : 'a delivery for each, where the settings name single ones',
    ],
    ['Waits after failed attempts', schedules[retries].map(formatDuration).join(', ')],
    ['Given up after', formatDuration(lifetimes[retries])],
    ['An attempt whose outcome is not known', unknown],
  ]
}

function amount(name: string, value: number | undefined, unit: string): string[][] {
  return value === undefined ? [] : [[name, `${value.toLocaleString('en-US')} ${unit}`.trim()]]
}

function paceWords({ perSecond, burst }: NonNullable<ChannelLimits['pace']>): string {
  const pace = perSecond >= 1 ? `${perSecond} a second` : `one every ${formatDuration(1000 / perSecond)}`
  return burst > 1 ? `${pace}, up to ${burst} at once` : pace
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

if (import.meta.main)
  for (const channel of Object.values(channels) as Channel[]) {
    const file = pageOf(channel.kind)
    mkdirSync(new URL('../docs/channels/', import.meta.url), { recursive: true })
    writeFileSync(file, upToDate(channel, existsSync(file) ? readFileSync(file, 'utf8') : undefined))
  }
