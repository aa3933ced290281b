import type { Json } from '../../model/json.ts'
import type { Fact, Link, Message } from '../../model/message.ts'
import { cleanLine, cut, safeUrl } from '../content/clean.ts'
import { colourOf, isGood } from '../content/colour.ts'
import { eventTypes } from '../content/event.ts'
import { titleOf } from '../content/head.ts'
import { contentParts, fitted, linksPart, shortened } from '../content/parts.ts'
import { htmlWriter, markdownWriter, plainWriter, type Writer } from '../content/writer.ts'
import type { Preset, Put, Template } from './presets/preset.ts'

const writers: Record<Preset['text'], Writer> = {
  plain: plainWriter,
  html: htmlWriter,
  markdown: markdownWriter({ entities: true, tables: true }),
  discord: markdownWriter({ entities: false, tables: false }),
}

const LONGEST = 10_000
const OMITTED = '…'

/** The body of a preset for a message; `topic` is the one the address names. */
export function presetBody({ body, text }: Preset, message: Message, topic: string): Json {
  if (typeof body === 'function') return body(message)
  return fill(body, { message, writer: writers[text], topic }) ?? null
}

interface Scope {
  message: Message
  writer: Writer
  topic: string
  /** The fact or link that `each` is at. */
  item?: Fact | Link
}

function fill(template: Template, scope: Scope): Json | undefined {
  if (typeof template !== 'object' || template === null) return template
  if (Array.isArray(template)) {
    const filled = template.flatMap((item): (Json | undefined)[] => {
      const value = fill(item, scope)
      return isPut(item) && item.put === 'each' ? ((value as Json[] | undefined) ?? []) : [value]
    })
    return filled.filter((item) => item !== undefined)
  }
  if (isPut(template)) return pieces[template.put](scope, template) ?? template.or
  const entries = Object.entries(template).map(([key, value]) => [key, fill(value, scope)] as const)
  const kept = entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined)
  return kept.length === 0 && entries.length > 0 ? undefined : Object.fromEntries(kept)
}

function isPut(template: Template): template is Put {
  return typeof template === 'object' && template !== null && 'put' in template
}

const pieces: Record<Put['put'], (scope: Scope, put: Put) => Json | undefined> = {
  title: ({ message, writer }, put) => line(titleOf(message), writer, put),
  why: ({ message, writer }, put) => line(message.why, writer, put),
  rule: ({ message, writer }, put) => line(message.rule, writer, put),
  type: ({ message }) => eventTypes[message.kind],
  severity: ({ message }) => message.severity,
  level: ({ message }, { levels }) => levels?.[isGood(message) ? 'over' : message.severity],
  colour: ({ message }, { number = false }) => {
    const colour = colourOf(message)
    return number ? Number.parseInt(colour.slice(1), 16) : colour
  },
  time: ({ message }) => new Date(message.time).toISOString(),
  link: ({ message: { traceUrl, actions, links } }) => {
    const urls = [...actions, ...links].map(({ url }) => url)
    return (
      [...urls, ...(traceUrl === undefined ? [] : [traceUrl])].map(safeUrl).find((url) => url !== null) ?? undefined
    )
  },
  topic: ({ topic }) => topic,
  text: ({ message, writer }, put) => content(message, writer, put),
  each: (scope, { of = 'facts', most = 10, to = null }) => {
    const { facts, actions, links } = scope.message
    const items: (Fact | Link)[] =
      of === 'facts' ? facts : [...actions, ...links].filter(({ url }) => safeUrl(url) !== null)
    const filled = items.slice(0, most).map((item) => fill(to, { ...scope, item }))
    return filled.length === 0 ? undefined : filled.filter((item) => item !== undefined)
  },
  name: ({ item, writer }, put) => line(item === undefined ? '' : 'name' in item ? item.name : item.text, writer, put),
  value: ({ item, writer }, put) => line(item !== undefined && 'value' in item ? item.value : '', writer, put),
  url: ({ item }) => (item !== undefined && 'url' in item ? (safeUrl(item.url) ?? undefined) : undefined),
}

/** Undefined for an empty one. Limits hold for the text as it is written, mark-up and all. */
function line(text: string, writer: Writer, { most = LONGEST, plain = false }: Put): string | undefined {
  const write = plain ? cleanLine : writer.line
  return shortened((length) => write(cut(text, length)).trim(), most) || undefined
}

function content(message: Message, writer: Writer, { most = LONGEST, bytes, without = [] }: Put): string | undefined {
  const shown = without.includes('facts') ? { ...message, facts: [] } : message
  const parts = [
    ...contentParts(shown, writer),
    ...(without.includes('links') ? [] : [linksPart(message, writer)]),
    ...(without.includes('why') ? [] : [() => writer.line(cut(message.why, 500))]),
  ]
  const size = (text: string) =>
    Math.max(text.length, bytes === undefined ? 0 : (Buffer.byteLength(text) * most) / bytes)
  return fitted(parts, most, writer.between.parts, OMITTED, size) || undefined
}
