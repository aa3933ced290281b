import type { Json } from '../../model/json.ts'

/** What a mail body template says; the texts keep their Jinja tags. */
export interface MailParts {
  addresses: string[]
  subject: string
  body: string
}

const TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g
/** A longer template is left alone: it is no mail written by hand. */
const LONGEST = 20_000
// Private-use characters stand for a tag while the text around it is read as JSON.
const [OPEN, CLOSE] = ['\uE000', '\uE001']

/** A template as it should be run: one that was escaped with backslashes once too often is unescaped. */
export function readTemplate(text: string): { text: string; warnings: string[] } {
  const warnings: string[] = []
  let template = text
  if (text.length < LONGEST && text.includes('\\"') && readJson(text) === undefined) {
    const once = text.replaceAll('\\"', '"').replaceAll('\\\\', '\\')
    const found = [once, withoutTail(once)].find((candidate) => readLenient(candidate) !== undefined)
    if (found !== undefined) {
      template = found
      warnings.push('restbodytemplate: was escaped with backslashes once too often; it is used unescaped')
    }
  }
  if (template.trim() !== '' && !/\{\{|\{%/.test(template))
    warnings.push(
      'restbodytemplate: holds no {{ … }} placeholder, so every message says the same; placeholders are lost when a template is copied from a web page',
    )
  return { text: template, warnings }
}

/** Reads a template that makes a mail; undefined when it is no JSON object that names addresses. */
export function readMail(template: string): (MailParts & { exact: boolean }) | undefined {
  if (template.length > LONGEST) return undefined
  const exact = readJson(template)
  const value = exact ?? readLenient(withoutTail(template))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const addresses = splitAddresses(value['addresses'])
  if (addresses.length === 0) return undefined
  return { addresses, subject: textOf(value['subject']), body: textOf(value['body']), exact: exact !== undefined }
}

/** Makes the template that `readMail` reads back to the same parts. */
export function writeMail(parts: MailParts): string {
  const tags: string[] = []
  const hide = (text: string) => text.replace(TAG, (tag) => OPEN + String(tags.push(tag) - 1) + CLOSE)
  const object = { addresses: hide(parts.addresses.join(';')), subject: hide(parts.subject), body: hide(parts.body) }
  return restore(JSON.stringify(object), tags)
}

function splitAddresses(value: Json | undefined): string[] {
  const texts = Array.isArray(value) ? value.map(textOf) : [textOf(value)]
  return texts.flatMap((text) => splitOutsideTags(text)).filter((address) => address !== '')
}

function splitOutsideTags(text: string): string[] {
  const tags: string[] = []
  const hidden = text.replace(TAG, (tag) => OPEN + String(tags.push(tag) - 1) + CLOSE)
  return hidden.split(';').map((part) => restore(part, tags).trim())
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function restore(text: string, tags: readonly string[]): string {
  return text.replace(/\uE000(\d+)\uE001/g, (_, index) => tags[Number(index)] ?? '')
}

/** The JSON a template would make, each tag kept inside its leaf; undefined when the rest is no JSON. */
function readJson(template: string): Json | undefined {
  const { text, tags } = hideTags(template)
  try {
    return restoreIn(JSON.parse(text) as Json, tags)
  } catch {
    return undefined
  }
}

/** Cuts the tags out; one that stands outside a string becomes a string of its own. */
function hideTags(template: string): { text: string; tags: string[] } {
  const tags: string[] = []
  let [text, from] = ['', 0]
  let inString = false
  const copy = (to: number) => {
    for (; from < to; from += 1) {
      const char = template.charAt(from)
      text += char
      if (char === '\\' && inString) text += template.charAt(++from)
      else if (char === '"') inString = !inString
    }
  }
  for (const match of template.matchAll(TAG)) {
    copy(match.index)
    const mark = OPEN + String(tags.push(match[0]) - 1) + CLOSE
    text += inString ? mark : `"${mark}"`
    from = match.index + match[0].length
  }
  copy(template.length)
  return { text, tags }
}

function restoreIn(value: Json, tags: readonly string[]): Json {
  if (typeof value === 'string') return restore(value, tags)
  if (Array.isArray(value)) return value.map((item) => restoreIn(item, tags))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restoreIn(item, tags)]))
}

/**
 * The same for a flat object of texts in which quotes inside a text were not escaped: such a quote closes its text only
 * where a comma with the next key, or the end of the object, follows.
 */
function readLenient(template: string): Json | undefined {
  const exact = readJson(template)
  if (exact !== undefined) return exact
  const inner = /^\s*\{([\s\S]*)\}\s*$/.exec(template)?.[1]
  if (inner === undefined) return undefined
  const object: Record<string, Json> = {}
  const pair = /\s*"(\w+)"\s*:\s*"([\s\S]*?)"\s*(?=,\s*"\w+"\s*:|$)(,?)/y
  while (pair.lastIndex < inner.length) {
    const match = pair.exec(inner)
    if (match === null) return undefined
    object[match[1] ?? ''] = (match[2] ?? '').replaceAll('\\"', '"').replaceAll('\\n', '\n')
  }
  return object
}

/** Without what a scraped example drags along after its closing brace. */
function withoutTail(text: string): string {
  return text.replace(/\}[\s",]*$/, '}')
}
