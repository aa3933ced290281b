import type { AttachmentLimits } from '../compose/attachments.ts'
import { hasTemplates } from '../compose/compose.ts'
import type { RunComposeInput } from '../compose/run-variables.ts'
import { ConditionError } from '../evaluate/condition.ts'
import { decideRun, type RunCondition, type RunConditionInput } from '../evaluate/run-condition.ts'
import { type History, occasionsMet } from '../evaluate/run-match.ts'
import type { RunVariables } from '../evaluate/run-variables.ts'
import { newId } from '../ids.ts'
import type { RouteState } from '../model/alert.ts'
import type { Target } from '../model/delivery.ts'
import type { Cause, RouteDecision, Trace, Verdict } from '../model/evaluation.ts'
import type { JsonObject } from '../model/json.ts'
import { type Reason, sentence } from '../model/reason.ts'
import type { RoutePhase } from '../model/rule.ts'
import { endStates, type Occurrence } from '../model/run.ts'
import type { EvaluationCommit, EvaluationQueries } from '../store/evaluations.ts'
import { decideLikeMlrun } from './mlrun.ts'
import { fallbackWay, type RouteSources, routesOf, type Way } from './routes.ts'
import { writeRunMessages } from './run-messages.ts'
import type { Matter, RunPlan } from './run-rules.ts'
import { type VariableDeps, variablesFor } from './run-variables.ts'
import { fixedSettingsOf, valueFormOf } from './shares.ts'
import type { Written } from './written.ts'

/** One decision of a rule on a state of a run, complete but for its being stored. */
export interface RunDraft {
  commit: EvaluationCommit
  written: Written[]
}

export interface RunVerdictDeps extends VariableDeps {
  store: VariableDeps['store'] & RouteSources & { evaluations: Pick<EvaluationQueries, 'state'> }
  attachments: AttachmentLimits
}

/** What the condition made of it. */
interface Finding {
  verdict: Verdict
  value: string
  reasons: Reason[]
  /** What could not be decided. */
  error: string | null
  /** The occasions that were met, in words. */
  occasions: string[]
}

const NO_VARIABLES: RunVariables = { values: {}, problems: [] }

/** Everything that one decision rests on. */
interface Case {
  plan: RunPlan
  matter: Matter
  history: History
  /** The variables of formulas and templates, made when they are first asked for. */
  variables: () => Promise<RunVariables>
  finding: Finding
  id: string
  now: number
}

/** Decides on a state of a run and writes the messages. `now` in ms since 1970. */
export async function decideOnRun(
  deps: RunVerdictDeps,
  plan: RunPlan,
  matter: Matter,
  history: History,
  cause: Cause,
  now: number,
): Promise<RunDraft> {
  const variables = variablesFor(deps, plan.rule, matter.run)
  const isMlrun = plan.rule.definition.policy === 'mlrun'
  const finding = isMlrun
    ? await decideLikeMlrun(plan.rule, matter)
    : await findingOf(plan, matter, history, now, variables.get)
  const one: Case = { plan, matter, history, variables: variables.get, finding, id: newId('evl', now), now }
  const commit = commitOf(one, traceOf(one, cause))
  const { verdict } = finding
  const isTold = verdict === 'true' || (verdict === 'error' && plan.rule.definition.onConditionError !== 'skip')
  const { written, decisions } = isTold ? await tell(deps, one) : { written: [], decisions: [] }
  commit.trace.reasons = [...finding.reasons, ...variables.problems().map(missing)]
  if (!isTold) return { commit, written }
  commit.trace.routes = decisions
  commit.deliveries = written.map(({ delivery }) => delivery)
  commit.told = written.flatMap(({ told }) => told)
  commit.notable = true
  return { commit, written }
}

function missing(detail: string): Reason {
  return { code: 'variable-missing', detail }
}

async function findingOf(
  { rule, condition }: RunPlan,
  matter: Matter,
  history: History,
  now: number,
  variables: Case['variables'],
): Promise<Finding> {
  const occasions = occasionsMet(matter.possible, history)
  const nothing = { value: '', error: null, occasions }
  if (occasions.length === 0) return { ...nothing, verdict: 'false', reasons: [{ code: 'occasion-not-met' }] }
  const met: Reason = { code: 'occasion-met', detail: occasions.join(', ') }
  if (condition === null) return { ...nothing, verdict: 'true', reasons: [met] }
  const known = await knownTo(condition, variables)
  try {
    const { fire, value } = decideRun(condition, {
      ...conditionInput(rule.definition.tags, matter, history, now),
      ...known,
    })
    const reason: Reason = { code: fire ? 'condition-true' : 'condition-false' }
    return { ...nothing, value, verdict: fire ? 'true' : 'false', reasons: [met, reason] }
  } catch (thrown) {
    if (!(thrown instanceof ConditionError)) throw thrown
    const reasons: Reason[] = [met, { code: 'condition-error', detail: thrown.message }]
    return { ...nothing, verdict: 'error', reasons, error: thrown.message }
  }
}

/** Formulas alone know the variables. */
async function knownTo(condition: RunCondition, variables: Case['variables']): Promise<{ variables?: JsonObject }> {
  return condition.program.dialect === 'formula' ? { variables: (await variables()).values } : {}
}

function conditionInput(tags: readonly string[], matter: Matter, history: History, now: number): RunConditionInput {
  const { run, occurrence } = matter
  return { run, occurrence, history, tags, now, elapsed: () => performance.now() }
}

/** Decides for every route whether it is told, and writes its message. */
async function tell(deps: RunVerdictDeps, one: Case): Promise<{ written: Written[]; decisions: RouteDecision[] }> {
  const { plan, matter } = one
  const { rule, routeKeys } = plan
  const admitted = new Map<string, Admission>()
  for (const [key, condition] of plan.routeConditions) admitted.set(key, await admit(one, condition))
  const ways = await routesOf(deps.store, rule, routeKeys, (key) => admitted.get(key) ?? { pass: true, reason: null })
  const phase = phaseOf(one)
  if (phase === 'error' && !ways.some(({ view }) => view.when.includes('error') && view.closed === null)) {
    const fallback = await fallbackWay(deps.store, rule)
    if (fallback !== null) ways.push(fallback)
  }
  const isPaced = rule.definition.suppressionMinutes > 0
  const told = isPaced ? (await deps.store.evaluations.state(rule.id)).routes : []
  // Messages of one fingerprint keep their order, and where there is a pause between them it is between runs of one name.
  const fingerprint = JSON.stringify(isPaced ? [matter.run.name] : [matter.run.name, matter.run.uid])
  const written: Written[] = []
  const decisions: RouteDecision[] = []
  for (const way of ways) {
    const { reason, order } = choose(one, way, phase, told, fingerprint)
    if (order === null)
      decisions.push({ route: way.view.key, channel: way.channel, fingerprints: [fingerprint], reason })
    else {
      const messages = await writeRunMessages(
        await inputOf(deps, one, way, order),
        { way, target: order, at: one.now },
        { reason, fingerprint },
      )
      written.push(...(isPaced ? messages : messages.map((message) => ({ ...message, told: [] }))))
      decisions.push(...messages.slice(0, 1).map(({ decision }) => decision))
    }
  }
  return { written, decisions }
}

/** What a route is for that wants this. */
function phaseOf({ matter: { occurrence }, finding, plan }: Case): RoutePhase {
  if (finding.verdict === 'error' && plan.rule.definition.onConditionError === 'error') return 'error'
  if (occurrence.step !== null) return 'progress'
  if (endStates.includes(occurrence.state)) return 'end'
  return occurrence.state === 'running' ? 'start' : 'progress'
}

function choose(
  { plan: { rule }, now }: Case,
  way: Way,
  phase: RoutePhase,
  told: readonly RouteState[],
  fingerprint: string,
): { order: Target | null; reason: Reason } {
  const refuse = (reason: Reason) => ({ order: null, reason })
  const { view, target } = way
  if (!view.when.includes(phase)) return refuse({ code: 'not-subscribed', detail: phase })
  const before = told.find((state) => state.route === view.key && state.fingerprint === fingerprint)
  const underWay = before?.delivery?.state
  if (underWay === 'waiting' || underWay === 'sending')
    return refuse({ code: 'waiting-for-delivery', detail: before?.delivery?.id ?? '' })
  const until = (before?.deliveredAt ?? Number.NEGATIVE_INFINITY) + rule.definition.suppressionMinutes * 60_000
  if (now < until) return refuse({ code: 'suppressed-until', detail: new Date(until).toISOString() })
  const { pass, reason } = view.admits(fingerprint)
  if (!pass) return refuse(reason ?? { code: 'route-condition-false' })
  if (view.closed !== null) return refuse(view.closed)
  return target === null ? refuse({ code: 'channel-unnamed' }) : { order: target, reason: reason ?? { code: 'queued' } }
}

interface Admission {
  pass: boolean
  reason: Reason | null
}

/** A route's own condition. One that fails lets the message pass: silence is worse. */
async function admit({ plan, matter, history, variables, now }: Case, condition: RunCondition): Promise<Admission> {
  const known = await knownTo(condition, variables)
  try {
    const { fire } = decideRun(condition, {
      ...conditionInput(plan.rule.definition.tags, matter, history, now),
      ...known,
    })
    return { pass: fire, reason: fire ? null : { code: 'route-condition-false' } }
  } catch (thrown) {
    if (!(thrown instanceof ConditionError)) throw thrown
    return { pass: true, reason: { code: 'route-condition-error', detail: thrown.message } }
  }
}

async function inputOf(
  { baseUrl, attachments }: RunVerdictDeps,
  one: Case,
  way: Way,
  target: Target,
): Promise<RunComposeInput> {
  const { plan, matter, finding, history, id, now } = one
  const { rule } = plan
  const route = { ...way.route, settings: target.settings }
  const { values, problems } = hasTemplates(rule.definition.message, route) ? await one.variables() : NO_VARIABLES
  return {
    rule,
    route,
    kind: phaseOf(one) === 'error' ? 'error' : 'run',
    run: matter.run,
    occurrence: matter.occurrence,
    occasions: finding.occasions,
    failures: failuresWith(history, matter.occurrence),
    evaluationId: id,
    at: now,
    value: finding.value,
    why: finding.reasons.map(sentence).join(' '),
    error: finding.error,
    baseUrl: baseUrl(),
    variables: values,
    variableProblems: problems,
    channelSettings: way.channelSettings,
    fixedSettings: fixedSettingsOf(target.kind),
    valueForm: valueFormOf(target.kind, { ...way.channelSettings, ...target.settings }, way.route.body?.text ?? ''),
    attachments,
  }
}

function failuresWith({ failures }: History, { step, state }: Occurrence): number {
  return failures + (step === null && state === 'error' ? 1 : 0)
}

function commitOf({ plan: { rule }, finding, id, now }: Case, trace: Trace): EvaluationCommit {
  return {
    id,
    project: rule.project,
    ruleId: rule.id,
    ruleVersion: rule.version,
    at: now,
    verdict: finding.verdict,
    value: finding.value,
    minimum: null,
    maximum: null,
    notable: finding.verdict === 'error',
    trace,
    result: null,
    keepPrevious: false,
    success: finding.verdict !== 'error',
    settlesTick: false,
    alerts: [],
    goneAlerts: [],
    told: [],
    deliveries: [],
  }
}

function traceOf({ plan: { rule }, matter, finding, now }: Case, cause: Cause): Trace {
  const { condition } = rule.definition
  const { attempt, step, state } = matter.occurrence
  return {
    cause,
    scheduledAt: now,
    startedAt: now,
    finishedAt: now,
    missedTicks: 0,
    queryTime: null,
    rowCount: null,
    sample: null,
    condition: condition?.text ?? '',
    value: finding.value,
    run: { uid: matter.run.uid, name: matter.run.name, attempt, step, state },
    reasons: finding.reasons,
    error: finding.error,
    transitions: [],
    moreTransitions: 0,
    routes: [],
  }
}
