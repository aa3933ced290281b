import { Hono } from 'hono'
import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import { explainEvaluation } from '../../manage/explain.ts'
import type { Manage } from '../../manage/index.ts'
import type { Evaluation, Trace } from '../../model/evaluation.ts'
import { sentence } from '../../model/reason.ts'
import type { Store } from '../../store/index.ts'
import { type ApiEnv, page, pageOf, pathPart, readQuery } from '../request.ts'

const BAD_CURSOR = 'must be what "next" was'
const query = {
  ...page,
  after: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+\.[a-z]+_[0-9a-z]+$/, BAD_CURSOR),
      v.transform((text) => ({ at: Number(text.split('.')[0]), id: text.slice(text.indexOf('.') + 1) })),
    ),
  ),
}

/** Evaluations of a rule, newest first: `/rules/{id}/evaluations`. */
export function ruleEvaluationRoutes({ rules }: Pick<Manage, 'rules'>, store: Store): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/', async (context) => {
    const { project } = context.get('caller')
    const { limit, after } = readQuery(context, query)
    const { id: ruleId } = await rules.named(project, pathPart(context, 'id'))
    const position = after === undefined ? {} : { before: after }
    const found = await store.evaluations.list({ project, ruleId, limit, ...position })
    return context.json(pageOf(found.map(shortOf), limit, ({ at, id }) => `${at}.${id}`))
  })
}

/** Evaluations with their whole decision trace: `/evaluations`. */
export function evaluationRoutes(store: Store): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { limit, after } = readQuery(context, query)
      const position = after === undefined ? {} : { before: after }
      const found = await store.evaluations.list({ project: context.get('caller').project, limit, ...position })
      return context.json(pageOf(found.map(shortOf), limit, ({ at, id }) => `${at}.${id}`))
    })
    .get('/:id', async (context) => {
      const id = pathPart(context, 'id')
      const evaluation = await store.evaluations.get(context.get('caller').project, id)
      if (evaluation === undefined)
        throw new AppError('not-found', `There is no evaluation "${id}". It may have been older than the retention.`)
      const { trace, result, ...rest } = evaluation
      const shown = trace === null ? null : inWords(trace)
      return context.json({ ...rest, trace: shown, result, words: explainEvaluation(evaluation) })
    })
}

/** In lists the trace is left out; its reasons stay. */
function shortOf({ trace, ...rest }: Evaluation) {
  return {
    ...rest,
    cause: trace?.cause ?? null,
    error: trace?.error ?? null,
    reasons: trace?.reasons.map(sentence) ?? [],
  }
}

/** The trace with each reason also as a sentence. */
function inWords(trace: Trace) {
  return {
    ...trace,
    reasons: trace.reasons.map((reason) => ({ ...reason, text: sentence(reason) })),
    routes: trace.routes.map((decision) => ({ ...decision, text: sentence(decision.reason) })),
  }
}
