import type { JsonObject } from '../../model/json.ts'
import type { Message, Severity } from '../../model/message.ts'
import { cleanLine, cut, safeUrl } from '../content/clean.ts'
import { isGood } from '../content/colour.ts'
import { labelOf, titleOf } from '../content/head.ts'
import { fittingTable, linesUpTo, logTail, upTo } from './lines.ts'
import { cutBytes, isTame, linesOf, linkLine, linkRun, markdownLine, run, runs, textLine } from './text.ts'

const LONGEST_TITLE = 200
/** Teams shows so many buttons side by side. */
const BUTTONS = 6
const small = { size: 'Small', isSubtle: true } as const

const styles: Record<Severity, string> = {
  debug: 'emphasis',
  info: 'accent',
  warning: 'warning',
  error: 'attention',
  critical: 'attention',
}

/** The parts of a message, each as elements of about so many bytes at most; none for a part it has not. */
export const parts = {
  head(message, most) {
    const title = titleOf(message)
    const shown = cut(title, LONGEST_TITLE)
    const whole = shown === title ? [] : [textLine(cutBytes(title, most / 2), {}, { spacing: 'Small' })]
    const words = textLine(shown, { weight: 'Bolder', size: 'Large' })
    const items = [words, ...whole, textLine(cutBytes(labelOf(message), most / 4), small, { spacing: 'None' })]
    const style = isGood(message) ? 'good' : styles[message.severity]
    return [{ type: 'Container', style, bleed: true, items }]
  },
  summary: ({ summary }, most) => linesUpTo(linesOf(summary), most, (line, place) => textLine(line, {}, place)),
  paragraphs: ({ paragraphs }, most) => linesUpTo(paragraphs.flatMap(linesOf), most, markdownLine),
  facts({ facts }, most) {
    const longest = Math.max(100, Math.floor(most / facts.length) - 50)
    const shown = facts.map(({ name, value }) => ({
      title: cutBytes(cleanLine(name), longest / 4),
      value: cutBytes(cleanLine(value), longest / 2),
    }))
    const isPlain = shown.every(({ title, value }) => isTame(title) && isTame(value))
    if (isPlain) {
      const kept = upTo(shown, most, 'fact')
      const list = kept.filter((fact) => 'title' in fact)
      return list.length === 0 ? kept : [{ type: 'FactSet', facts: list }, ...kept.slice(list.length)]
    }
    const lines = shown.map(({ title, value }) => runs([run(`${title}: `, { weight: 'Bolder' }), run(value)], near))
    return upTo(lines, most, 'fact')
  },
  table: ({ table }, most) => (table === undefined || table.columns.length === 0 ? [] : fittingTable(table, most)),
  code: ({ code = '' }, most) => (code.trim() === '' ? [] : logTail(code.trimEnd(), most)),
  image({ image = '', title }) {
    const address = safeUrl(image)
    return address?.startsWith('http') ? [{ type: 'Image', url: address, altText: cut(cleanLine(title), 200) }] : []
  },
  links({ links, actions }, most) {
    const rest = actions.filter(({ url }, index) => index >= BUTTONS || safeUrl(url) === null)
    return upTo(
      [...rest, ...links].map(({ text, url }) => linkLine(text, url)),
      most,
      'links',
    )
  },
  files({ attachments }, most) {
    const names = attachments.map(({ name }) => cleanLine(name)).join(', ')
    return names === '' ? [] : [textLine(cutBytes(`Files that Teams does not get: ${names}`, most), small)]
  },
  why({ why, traceUrl }, most) {
    const reason = run(cutBytes(`${cleanLine(why).trim()} `, most / 2), small)
    const trace = traceUrl === undefined ? [] : [linkRun('Why was this sent?', traceUrl, small)]
    return [runs([reason, ...trace], { separator: true })].filter(() => why.trim() !== '' || trace.length > 0)
  },
  actions: ({ actions }) =>
    actions.slice(0, BUTTONS).flatMap(({ text, url }) => {
      const address = safeUrl(url)
      return address === null
        ? []
        : [{ type: 'Action.OpenUrl', title: cut(cleanLine(text).trim(), 60) || 'Open', url: address }]
    }),
} satisfies Record<string, (message: Message, most: number) => JsonObject[]>

export type Part = keyof typeof parts

const near = { spacing: 'Small' }
