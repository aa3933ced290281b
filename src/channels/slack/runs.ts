import { isTame } from '../../language/tame.ts'
import type { JsonObject } from '../../model/json.ts'
import type { MessageRun } from '../../model/message.ts'
import { resultsText } from '../../model/run.ts'
import { cleanLine, safeUrl } from '../content/clean.ts'
import { largest } from '../content/fit.ts'
import { moreOf } from '../content/plain.ts'
import { escapeSlack, plainMrkdwn } from './mrkdwn.ts'

/** Signs before the names, as MLRun has them; what it has none for it shows as a question. */
const signs: Record<string, string> = {
  completed: ':smiley:',
  running: ':man-running:',
  error: ':x:',
  skipped: ':zzz:',
  aborted: ':octagonal_sign:',
}
/** Runs of one section, beside the headings of the first. */
const FIELDS = 8
const LONGEST_NAME = 300
const LONGEST_RESULT = 500
const LONGEST_URL = 1000

/**
 * Runs and steps in the two columns that MLRun shows them in, within about so many characters as JSON. Where there is no
 * room for all, those that failed are kept rather than others, and the missing are counted.
 */
export function runSections(runs: readonly MessageRun[], most: number): JsonObject[] {
  const fields = runs.map(fieldsOf)
  const [whole = 0, ...failed] = [...runs.keys()].filter((index) => index === 0 || runs[index]?.state === 'error')
  const others = [...runs.keys()].filter((index) => index !== whole && !failed.includes(index))
  const byWorth = [whole, ...failed, ...others]
  const sectionsWith = (count: number) => {
    const kept = new Set(byWorth.slice(0, count))
    const shown = fields.flatMap((pair, index) => (kept.has(index) ? pair : []))
    return [...sections([field('*Runs*'), field('*Results*'), ...shown]), ...leftOut(runs, kept)]
  }
  const count = largest(runs.length, (some) => JSON.stringify(sectionsWith(some)).length <= most)
  return sectionsWith(count ?? 0)
}

function sections(fields: readonly JsonObject[]): JsonObject[] {
  return Array.from({ length: Math.ceil(fields.length / FIELDS) }, (_, index) => ({
    type: 'section',
    fields: fields.slice(index * FIELDS, (index + 1) * FIELDS),
  }))
}

function leftOut(runs: readonly MessageRun[], kept: ReadonlySet<number>): JsonObject[] {
  const missing = runs.filter((_, index) => !kept.has(index))
  if (missing.length === 0) return []
  const states = [...new Set(missing.map(({ state }) => state))]
  const counts = states.map((state) => `${missing.filter((run) => run.state === state).length} ${state}`)
  const text = plainMrkdwn(`${moreOf(missing.length, 'run')}: ${counts.join(', ')}`)
  return [{ type: 'context', elements: [field(text)] }]
}

function fieldsOf(run: MessageRun): [JsonObject, JsonObject] {
  const { state, stepKind = '' } = run
  const kind = stepKind === '' ? '' : ` ${bold(`(${cleanLine(stepKind)})`, LONGEST_NAME)}`
  return [field(`${signs[state] ?? ':question:'}  ${nameOf(run)}${kind}`), field(resultOf(run))]
}

/** The name, linked to the run where it has a page. */
function nameOf({ name, state, stepKind = 'run', url = '' }: MessageRun): string {
  const line = cleanLine(name).trim() || '–'
  const href = stepKind === 'run' && state !== 'skipped' ? safeUrl(url) : null
  const address = escapeSlack(href ?? '').replaceAll('|', '%7C')
  if (address === '' || address.length > LONGEST_URL) return plainMrkdwn(line, LONGEST_NAME)
  return `<${address}|${bold(line, LONGEST_NAME)}>`
}

function resultOf({ state, error, results = {} }: MessageRun): string {
  if (state === 'error') return bold(cleanLine(error ?? '').trim() || 'error', LONGEST_RESULT)
  return plainMrkdwn(cleanLine(resultsText(results)), LONGEST_RESULT) || plainMrkdwn(state)
}

/** In bold, unless it holds what Slack would take for the end of that. */
function bold(text: string, most: number): string {
  return isTame(text) ? `*${escapeSlack(text, most)}*` : plainMrkdwn(text, most)
}

/** Verbatim: addresses, channels and names in it stay text. */
function field(text: string): JsonObject {
  return { type: 'mrkdwn', text, verbatim: true }
}
