import { whyUnmatched } from '../evaluate/run-match.ts'
import { viewRun } from '../evaluate/run-view.ts'
import { formatDuration } from '../model/duration.ts'
import { isRunRule, type Rule, type RunRuleDefinition } from '../model/rule.ts'
import { endStates, type RunView } from '../model/run.ts'
import type { Occasion, RunMatch } from '../model/run-match.ts'
import type { Store } from '../store/index.ts'
import type { StoredReport } from '../store/run-reads.ts'
import type { RunRow } from '../store/runs.ts'

/** Rules that are named one by one though they are not about a run. */
const MOST_OTHERS = 20

/** What became of a run and of every rule that might be about it, in words. */
export async function explainRun(
  store: Store,
  row: RunRow,
  explain: (id: string) => Promise<string[]>,
): Promise<string[]> {
  const run = viewRun(row, row.record)
  const rules = (await store.rules.onRuns()).filter(({ project }) => project === row.project)
  const reports = await store.runs.reports(row.seq)
  const lines = [headOf(run, row)]
  const others: string[] = []
  for (const rule of rules) {
    const own = reports.filter(({ ruleId }) => ruleId === rule.id)
    const why = own.length > 0 ? null : whyQuiet(rule, run, row)
    if (why !== null) others.push(`Rule "${rule.definition.name}" has not decided on it: ${why}.`)
    else lines.push(...(await decided(rule, own, explain)))
  }
  if (rules.length === 0) lines.push('No rule of the project is about runs.')
  const more = others.length - MOST_OTHERS
  return [...lines, ...others.slice(0, MOST_OTHERS), ...(more > 0 ? [`And ${more} more rules.`] : [])]
}

/** What a rule on runs is for, in words. */
export function explainRunRule({ runs, when, expect }: RunRuleDefinition): string {
  const which = matchWords(runs)
  if (when !== undefined) return `It tells of runs ${which} when: ${when.map(occasionWords).join(', ')}.`
  const { schedule, grace, longerThan, shorterThan, silentFor } = expect ?? {}
  const limits = [
    schedule === undefined
      ? ''
      : `to begin ${'cron' in schedule ? `at "${schedule.cron}" (${schedule.timezone})` : `every ${schedule.every}`}, ${grace} late at most`,
    longerThan === undefined ? '' : `to take ${longerThan} at most`,
    shorterThan === undefined ? '' : `to take ${shorterThan} at least`,
    silentFor === undefined ? '' : `to be silent for ${silentFor} at most`,
  ].filter((text) => text !== '')
  return `It expects runs ${which} ${limits.join('; ')}.`
}

function headOf({ name, uid, kind, state, attempt, startedAt, duration }: RunView, { updatedAt }: RunRow): string {
  const began = startedAt === null ? '' : `, began at ${iso(startedAt)}`
  const took = duration === null ? '' : ` and took ${formatDuration(duration)}`
  const tries = attempt > 1 ? ` (attempt ${attempt})` : ''
  return `The ${kind} "${name}" (${uid}) is ${state}${tries}${began}${took}; it was last heard of at ${iso(updatedAt)}.`
}

async function decided(
  { definition: { name } }: Rule,
  reports: readonly StoredReport[],
  explain: (id: string) => Promise<string[]>,
): Promise<string[]> {
  const lines: string[] = []
  for (const { step, state, attempt, evaluationId, at } of reports) {
    const what = step === '' ? state : `step "${step}" ${state}`
    const tries = attempt > 1 ? ` of attempt ${attempt}` : ''
    lines.push(
      `Rule "${name}" decided on "${what}"${tries} at ${iso(at)}${evaluationId === null ? ': its query was made due.' : ':'}`,
    )
    if (evaluationId !== null) lines.push(...(await explain(evaluationId)).map((line) => `  ${line}`))
  }
  return lines
}

/** Why a rule has not decided on a run. */
function whyQuiet(rule: Rule, run: RunView, { updatedAt }: RunRow): string {
  const { definition } = rule
  if (definition.paused) return 'it is paused'
  if (rule.blocked !== null) return `it is blocked (${rule.blocked})`
  const match = isRunRule(rule) ? rule.definition.runs : matchOf(rule)
  const unmatched = match === undefined ? null : whyUnmatched(match, run)
  if (unmatched !== null) return unmatched
  if (isRunRule(rule) && rule.definition.expect !== undefined)
    return 'it looks at all runs of the name together; explain the rule'
  if (rule.updatedAt > updatedAt) return 'it was made or changed after the run was last heard of'
  const end = endStates.includes(run.state) ? '' : ' so far'
  return `the run has come to nothing${end} that the rule is for`
}

function matchOf({ definition }: Rule): RunMatch | undefined {
  return 'query' in definition && 'after' in definition.schedule ? definition.schedule.after.runs : undefined
}

/** Which runs a rule is about, in words. */
export function matchWords({ name, uid, kind, labels, trigger, schedule }: RunMatch): string {
  const parts = [
    `named "${name}"`,
    kind === undefined ? '' : `of the kind ${kind}`,
    ...Object.entries(labels).map(([key, value]) => `with the label ${key}=${value}`),
    trigger === undefined ? '' : `set going by "${trigger}"`,
    schedule === undefined ? '' : `of the schedule "${schedule}"`,
    uid === undefined ? '' : `with the uid "${uid}"`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function occasionWords(occasion: Occasion): string {
  if (typeof occasion === 'string') return occasion
  if ('failures' in occasion) return `${occasion.failures} failures in a row`
  return `a step "${occasion.step}" is ${occasion.states.join(' or ')}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
