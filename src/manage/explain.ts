import type { Attempt, Delivery } from '../model/delivery.ts'
import { formatDuration } from '../model/duration.ts'
import type { Evaluation, RouteDecision, Trace } from '../model/evaluation.ts'
import { sentence } from '../model/reason.ts'
import { isQueryRule, isRunRule, type Rule } from '../model/rule.ts'
import type { Store } from '../store/index.ts'
import type { RunRow } from '../store/runs.ts'
import { findRun, notFound } from './context.ts'
import { explainRun, explainRunRule } from './explain-run.ts'

/** What was asked about, and the answer in lines of plain words. */
export interface Explanation {
  about: 'rule' | 'delivery' | 'evaluation' | 'run'
  id: string
  lines: string[]
}

/** With `about`, only a run is looked for: a rule may have the name of its uid. */
export type Explainer = (project: string, idOrName: string, about?: 'run') => Promise<Explanation>

/** Answers why a rule, an evaluation, a delivery or a run did or did not send. Throws `not-found`. */
export function createExplainer(store: Store): Explainer {
  return async (project, idOrName, about) => {
    const explainStored = async (id: string) => {
      const stored = await store.evaluations.get(project, id)
      return stored === undefined ? [] : explainEvaluation(stored)
    }
    const ofRun = async (row: RunRow) =>
      ({ about: 'run', id: row.uid, lines: await explainRun(store, row, explainStored) }) as const
    if (about === 'run') return ofRun(await findRun(store, project, idOrName))
    const found = await store.deliveries.get(idOrName)
    if (found !== undefined && found.delivery.project === project)
      return { about: 'delivery', id: idOrName, lines: await explainDelivery(store, found) }
    const evaluation = await store.evaluations.get(project, idOrName)
    if (evaluation !== undefined) return { about: 'evaluation', id: idOrName, lines: explainEvaluation(evaluation) }
    const rule = (await store.rules.byId(project, idOrName)) ?? (await store.rules.byName(project, idOrName))
    if (rule !== undefined) return { about: 'rule', id: rule.id, lines: await explainRule(store, rule) }
    const run = await store.runs.get(project, idOrName)
    if (run !== undefined) return ofRun(run)
    throw notFound('rule, run, evaluation or delivery', idOrName, await store.rules.names(project))
  }
}

/** An evaluation in words. */
export function explainEvaluation({ id, at, verdict, value, repeats, firstAt, trace }: Evaluation): string[] {
  const shown = value === '' ? '' : `, with the value ${value}`
  const head = `Evaluation ${id} at ${iso(at)}: ${words[verdict]}${shown}.`
  const run = repeats > 1 ? [`It stands for ${repeats} like it since ${iso(firstAt)}.`] : []
  return [head, ...run, ...(trace === null ? [] : explainTrace(trace))]
}

const words: Record<Evaluation['verdict'], string> = {
  true: 'the condition was true',
  false: 'the condition was false',
  error: 'it failed',
  'no-data': 'there was no data',
  skipped: 'it could not be decided and changed nothing',
}

function explainTrace(trace: Trace): string[] {
  const { cause, scheduledAt, startedAt, rowCount, queryTime, reasons, transitions, moreTransitions, routes } = trace
  const late = startedAt - scheduledAt
  const lines = [`It ran by ${causes[cause]}${late >= 1000 ? `, ${formatDuration(late)} after its time` : ''}.`]
  if (trace.run !== undefined) lines.push(aboutRun(trace.run))
  if (rowCount !== null && trace.run === undefined)
    lines.push(
      `The query took ${Math.round(queryTime ?? 0)} ms and returned ${rowCount} ${rowCount === 1 ? 'row' : 'rows'}.`,
    )
  lines.push(...reasons.map(sentence))
  for (const { fingerprint, before, after, why } of transitions)
    lines.push(
      `Alert ${alertWords(fingerprint)}: ${before === after ? `still ${after}` : `from ${before} to ${after}`}, because ${why}.`,
    )
  if (moreTransitions > 0) lines.push(`And ${moreTransitions} more alerts.`)
  lines.push(...(routes.length === 0 ? ['No route had anything to decide.'] : routes.map(explainRoute)))
  return lines
}

function aboutRun({ uid, name, attempt, step, state }: NonNullable<Trace['run']>): string {
  const what = step === null ? 'The run' : `The step "${step}" of the run`
  return `${what} "${name}" (${uid}) came to "${state}"${attempt > 1 ? ` in attempt ${attempt}` : ''}.`
}

const causes: Record<Trace['cause'], string> = {
  schedule: 'its schedule',
  manual: 'hand',
  'catch-up': 'its schedule, catching up',
  'dry-run': 'hand as a trial that sends nothing',
  run: 'what a run came to',
}

function explainRoute({ route, channel, fingerprints, more = 0, reason, deliveryId }: RouteDecision): string {
  const named = fingerprints.filter((fingerprint) => fingerprint !== '')
  const about =
    named.length === 0
      ? ''
      : ` for ${named
          .slice(0, 3)
          .map(alertWords)
          .join(', ')}${named.length + more > 3 ? ` and ${named.length + more - 3} more` : ''}`
  return `Route "${route}" to ${channel}${about}: ${sentence(reason)}${deliveryId === undefined ? '' : ` (${deliveryId})`}`
}

async function explainRule(store: Store, rule: Rule): Promise<string[]> {
  const { id, project, definition, blocked, nextDueAt, warnings } = rule
  const lines = [`Rule "${definition.name}" (${id}).`]
  if (isRunRule(rule)) lines.push(explainRunRule(rule.definition))
  if (definition.paused) lines.push('It is paused, so it does not run.')
  else if (blocked !== null) lines.push(`It is blocked and does not run: ${blocked}.`)
  else if (nextDueAt !== null) lines.push(`It is next due at ${iso(nextDueAt)}.`)
  const connection = isQueryRule(rule) ? await store.connections.byName(project, rule.definition.connection) : undefined
  if (connection !== undefined && connection.openSince !== null)
    lines.push(
      `Its connection "${connection.name}" has been failing since ${iso(connection.openSince)}: ${connection.lastError ?? ''}`,
    )
  if (definition.routes.length === 0) {
    const fallback = await store.channels.fallback(project)
    const who = fallback === undefined ? 'nobody is told' : `the fallback channel "${fallback.name}" is told`
    lines.push(`It has no routes, so ${who}.`)
  }
  lines.push(...warnings.map((warning) => `Warning: ${warning}`))
  const alerts = await store.evaluations.alerts({ project, ruleId: id, limit: 20 })
  for (const { fingerprint, state, since } of alerts)
    lines.push(`Alert ${alertWords(fingerprint)} is ${state} since ${iso(since)}.`)
  const [latest] = await store.evaluations.list({ project, ruleId: id, limit: 1 })
  if (latest === undefined) return [...lines, 'It has not been evaluated yet.']
  lines.push(...explainEvaluation(latest))
  const [delivery] = await store.deliveries.list({ project, ruleId: id }, 1)
  const found = delivery === undefined ? undefined : await store.deliveries.get(delivery.id)
  return found === undefined ? lines : [...lines, ...describeDelivery(found)]
}

type Found = { delivery: Delivery; attempts: Attempt[]; waitsFor: string | null }

async function explainDelivery(store: Store, found: Found): Promise<string[]> {
  const { evaluationId, project } = found.delivery
  const evaluation = evaluationId === null ? undefined : await store.evaluations.get(project, evaluationId)
  return [...describeDelivery(found), ...(evaluation === undefined ? [] : explainEvaluation(evaluation))]
}

function describeDelivery({ delivery, attempts, waitsFor }: Found): string[] {
  const { id, state, reason, createdAt, nextAt, target, message } = delivery
  const lines = [`Delivery ${id} of "${message.title}" by ${target.kind}, queued at ${iso(createdAt)}, is ${state}.`]
  if (reason !== null) lines.push(sentence(reason))
  if (waitsFor !== null) lines.push(`It waits for ${waitsFor}, an earlier message of the same alert.`)
  if (nextAt !== null && attempts.length > 0) lines.push(`The next attempt is at ${iso(nextAt)}.`)
  for (const { number, startedAt, outcome, reason: why, response } of attempts.slice(-5))
    lines.push(
      `Attempt ${number} at ${iso(startedAt)}: ${outcome ?? 'under way'}${why === null ? '' : ` (${why})`}${response === null || response === '' ? '' : `: ${response.slice(0, 200).replace(/\.$/, '')}`}.`,
    )
  return lines
}

/** What tells an alert from the others of its rule: the values of its columns. */
function alertWords(fingerprint: string): string {
  if (fingerprint === '') return 'of the rule'
  try {
    const values: unknown = JSON.parse(fingerprint)
    if (Array.isArray(values))
      return `"${values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ')}"`
  } catch {
    // Those of a rule's own trouble are words.
  }
  return `"${fingerprint}"`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
