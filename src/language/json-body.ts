import { blockName, type Engine, lineAt, scanTags, type Tag } from './tags.ts'
import { TemplateError } from './template-error.ts'

/** A place in a JSON body that is filled when it is rendered. */
export interface Slot {
  /** `text`: the inside of a string. `value`: a piece of JSON that stands for itself. */
  kind: 'text' | 'value'
  /** The template of the place; tags that only set variables stand before the slot that follows them. */
  template: string
  /** The output as its author wrote it, for errors. */
  source: string
  line: number
}

/**
 * How a body is rendered.
 * - `text`: it declares no JSON
 * - `slots`: JSON around slots that are rendered each for itself; strings of `parts` and slots in turn. `tags` holds all
 *   tags as they are run.
 * - `structure`: declares JSON, but its tags make up the structure too: rendered as text, and the result must be JSON
 */
export type BodyPlan =
  | { kind: 'text' }
  | { kind: 'slots'; parts: string[]; slots: Slot[]; tags: string }
  | { kind: 'structure'; inString: ReadonlySet<number>; why: string }

/** Decides how a body is rendered, from its text alone. Throws `TemplateError` for a tag that is never closed. */
export function planBody(text: string, engine: Engine): BodyPlan {
  const escaped = /[{%]\s*[^{}%]*\\"/.test(text) ? planEscaped(text, engine) : undefined
  if (escaped !== undefined) return escaped
  const tags = scanTags(text, engine)
  if (!declaresJson(text, tags)) return { kind: 'text' }
  const inString = tagsInStrings(text, tags)
  const cut = cutSlots(text, tags, inString)
  const why = typeof cut === 'string' ? cut : (unbalanced(cut.slots, tags, engine) ?? notJson(cut))
  if (typeof cut !== 'string' && why === undefined) return { kind: 'slots', ...cut, tags: text }
  return { kind: 'structure', inString, why: why ?? '' }
}

/** Puts the rendered slots into their places. Throws `TemplateError` for a value that is no JSON. */
export function fillBody(parts: readonly string[], slots: readonly Slot[], rendered: readonly string[]): string {
  return parts.map((part, index) => part + fill(slots[index], rendered[index] ?? '')).join('')
}

/** A body is meant to be JSON when it begins like JSON; tags that only set or decide something are looked over. */
function declaresJson(text: string, tags: readonly Tag[]): boolean {
  let at = 0
  for (const tag of tags) {
    if (text.slice(at, tag.start).trim() !== '') break
    if (tag.kind === 'output' || tag.kind === 'raw') return false
    at = tag.end
  }
  // A text such as "[FIRING] name" is no list.
  return /^\s*(?:\{|\[\s*(?:[[\]{"\d-]|$|true|false|null))/.test(text.slice(at))
}

/** Where the tags begin that stand inside a string of the JSON around them. */
function tagsInStrings(text: string, tags: readonly Tag[]): Set<number> {
  const inside = new Set<number>()
  let [open, at] = [false, 0]
  for (const tag of tags) {
    open = stringState(text, at, tag.start, open)
    if (open) inside.add(tag.start)
    at = tag.end
  }
  return inside
}

function stringState(text: string, from: number, to: number, before: boolean): boolean {
  let open = before
  for (let at = from; at < to; at += 1) {
    const char = text.charAt(at)
    if (char === '\\' && open) at += 1
    else if (char === '"') open = !open
  }
  return open
}

/**
 * JSON whose tags hold escaped quotes, as strings of JSON have them: each string is a slot. Undefined when the text is
 * no such JSON as it stands.
 */
function planEscaped(text: string, engine: Engine): BodyPlan | undefined {
  if (!/^\s*[[{]/.test(text) || notJson({ parts: [text], slots: [] }) !== undefined) return undefined
  const plan: Cut = { parts: [''], slots: [] }
  let at = 0
  for (const literal of text.matchAll(/"(?:[^"\\]|\\.)*"/g)) {
    const template = JSON.parse(literal[0]) as string
    if (scanTags(template, engine).length === 0) continue
    addText(plan, `${text.slice(at, literal.index)}"`)
    addSlot(plan, { kind: 'text', template, source: template, line: lineAt(text, literal.index) })
    at = literal.index + literal[0].length
    addText(plan, '"')
  }
  addText(plan, text.slice(at))
  return { kind: 'slots', ...plan, tags: plan.slots.map(({ template }) => template).join('\n') }
}

interface Cut {
  parts: string[]
  slots: Slot[]
}

/** Cuts the tags out of the JSON around them; says in words why that cannot be done. */
function cutSlots(text: string, tags: readonly Tag[], inside: ReadonlySet<number>): Cut | string {
  const plan: Cut = { parts: [''], slots: [] }
  const closings = closingNames(tags)
  let pending = ''
  let at = 0
  for (let index = 0; index < tags.length; ) {
    const tag = tags[index]
    if (tag === undefined) break
    if (inside.has(tag.start)) {
      const leaf = readLeaf(text, tags, index, inside)
      if (leaf === undefined) return `the string around ${tag.source} is not closed or has a wrong escape`
      addText(plan, text.slice(at, leaf.start))
      addSlot(plan, {
        kind: 'text',
        template: pending + leaf.template,
        source: tag.source,
        line: lineAt(text, tag.start),
      })
      index += leaf.tags
      at = leaf.end
      pending = ''
      continue
    }
    addText(plan, text.slice(at, tag.start))
    if (tag.kind === 'output') {
      addSlot(plan, {
        kind: 'value',
        template: pending + tag.source,
        source: tag.source,
        line: lineAt(text, tag.start),
      })
      pending = ''
    } else if (tag.kind === 'block' && !closings.has(blockName(tag)) && !blockName(tag).startsWith('end'))
      pending += tag.source
    else if (tag.kind !== 'comment')
      return `${tag.source} stands outside the strings and decides what the JSON is made of`
    at = tag.end
    index += 1
  }
  addText(plan, text.slice(at))
  return plan
}

/** The string around the tag at `index`, as a template of its own. */
function readLeaf(text: string, tags: readonly Tag[], index: number, inside: ReadonlySet<number>) {
  const first = tags[index]
  if (first === undefined) return undefined
  const start = startOfString(text, tags[index - 1]?.end ?? 0, first.start)
  let template = ''
  let at = start
  for (let count = 0; ; count += 1) {
    const tag = tags[index + count]
    const same = tag !== undefined && inside.has(tag.start) && endOfString(text, at, tag.start) < 0
    const end = same ? tag.start : endOfString(text, at, text.length)
    const chunk = end < 0 ? undefined : unescaped(text.slice(at, end))
    if (chunk === undefined) return undefined
    template += chunk
    if (!same) return { start, end, template, tags: count }
    template += tag.source
    at = tag.end
  }
}

/** Where the last string begins, behind its quote, that is open at `to`. */
function startOfString(text: string, from: number, to: number): number {
  let [open, start] = [false, from]
  for (let at = from; at < to; at += 1) {
    const char = text.charAt(at)
    if (char === '\\' && open) at += 1
    else if (char === '"') {
      open = !open
      start = at + 1
    }
  }
  return start
}

/** The next quote that ends a string; -1 when there is none before `to`. */
function endOfString(text: string, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (text.charAt(at) === '"') return at
    if (text.charAt(at) === '\\') at += 1
  }
  return -1
}

function unescaped(chunk: string): string | undefined {
  try {
    return JSON.parse(`"${chunk}"`) as string
  } catch {
    return undefined
  }
}

function closingNames(tags: readonly Tag[]): Set<string> {
  const names = tags.filter((tag) => tag.kind === 'block').map(blockName)
  return new Set(names.filter((name) => name.startsWith('end')).map((name) => name.slice(3)))
}

/** Names a block that begins in one slot and ends in another. */
function unbalanced(slots: readonly Slot[], tags: readonly Tag[], engine: Engine): string | undefined {
  const closings = closingNames(tags)
  for (const { template } of slots) {
    const open: string[] = []
    for (const tag of scanTags(template, engine)) {
      const name = tag.kind === 'block' ? blockName(tag) : ''
      if (name.startsWith('end') && open.pop() !== name.slice(3))
        return `${tag.source} ends what began in another string`
      const single = engine === 'jinja' && name === 'set' && tag.inner.includes('=')
      if (closings.has(name) && !single) open.push(name)
    }
    if (open.length > 0) return `{% ${open.at(-1)} %} begins in a string and does not end in it`
  }
  return undefined
}

function notJson({ parts, slots }: Cut): string | undefined {
  const skeleton = parts.map((part, index) => part + (slots[index]?.kind === 'value' ? 'null' : '')).join('')
  try {
    JSON.parse(skeleton)
    return undefined
  } catch (thrown) {
    return `it is no JSON without its tags: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
}

function addText(plan: Cut, text: string) {
  plan.parts.push((plan.parts.pop() ?? '') + text)
}

function addSlot(plan: Cut, slot: Slot) {
  plan.slots.push(slot)
  plan.parts.push('')
}

function fill(slot: Slot | undefined, rendered: string): string {
  if (slot === undefined) return ''
  if (slot.kind === 'text') return JSON.stringify(rendered).slice(1, -1)
  const words: Record<string, string> = { True: 'true', False: 'false', None: 'null' }
  const value = words[rendered.trim()] ?? rendered
  try {
    JSON.parse(value)
    return value
  } catch {
    const shown = JSON.stringify(rendered.slice(0, 40))
    throw new TemplateError(
      `${slot.source} stands outside a string, so it must render to JSON and not to ${shown}; put it in quotes or use a JSON filter`,
      slot.line,
    )
  }
}
