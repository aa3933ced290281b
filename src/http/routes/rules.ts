import { Hono } from 'hono'
import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import type { Draft, Tick } from '../../flow.ts'
import { explainEvaluation } from '../../manage/explain.ts'
import { explainRunRule } from '../../manage/explain-run.ts'
import type { Manage } from '../../manage/index.ts'
import { previewOf } from '../../manage/preview.ts'
import { statusesOf, valuesOf } from '../../manage/rule-status.ts'
import { versionOf } from '../../manage/rules.ts'
import { wordsOf } from '../../manage/trials.ts'
import type { Rule } from '../../model/rule.ts'
import type { EvaluationCommit } from '../../store/evaluations.ts'
import type { Store } from '../../store/index.ts'
import { type ApiEnv, page, pageOf, pathPart, readJson, readQuery, time } from '../request.ts'

export interface RuleRunner {
  /** Evaluates a rule now and stores what it decides. */
  runNow(rule: Rule, tick: Tick): Promise<EvaluationCommit>
  /** The same without storing or sending. */
  tryRule(rule: Rule): Promise<Pick<Draft, 'commit' | 'written'>>
  now(): number
}

/** Rules: `/rules`. */
export function ruleRoutes({ rules }: Pick<Manage, 'rules'>, store: Store, runner: RuleRunner): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { limit, after, tag, search, connection } = readQuery(context, { ...page, ...filters })
      const found = await rules.list({
        project: context.get('caller').project,
        limit,
        ...(after === undefined ? {} : { after: Number(after) }),
        ...(tag === undefined ? {} : { tags: tag.split(',') }),
        ...(search === undefined ? {} : { search }),
        ...(connection === undefined ? {} : { connection }),
      })
      const { next } = pageOf(found, limit, ({ index }) => String(index))
      const statuses = await statusesOf(
        store,
        found.map(({ rule }) => rule),
      )
      return context.json({ items: found.map(({ rule }, index) => ({ ...rule, status: statuses[index] })), next })
    })
    .post('/', async (context) => context.json(await rules.create(context.get('caller'), await readJson(context)), 201))
    .post('/preview', async (context) => {
      const rule = await rules.draft(context.get('caller'), await readJson(context))
      return context.json(await previewOf(store, rule, await runner.tryRule(rule)))
    })
    .get('/:id', async (context) => {
      const rule = await rules.get(context.get('caller').project, pathPart(context, 'id'))
      const [status] = await statusesOf(store, [rule])
      const scheduleWords = 'query' in rule ? await wordsOf(rule.schedule) : explainRunRule(rule)
      return context.json({ ...rule, status, scheduleWords })
    })
    .get('/:id/values', async (context) => {
      const { from = 0, limit } = readQuery(context, { from: v.optional(time), limit: page.limit })
      const rule = await rules.named(context.get('caller').project, pathPart(context, 'id'))
      return context.json(await valuesOf(store, rule, from, limit))
    })
    .put('/:id', async (context) => {
      const body = await readJson(context)
      return context.json(await rules.update(context.get('caller'), pathPart(context, 'id'), body, versionOf(body)))
    })
    .patch('/:id', async (context) => {
      const body = await readJson(context)
      const version = versionOf(body)
      const current = await rules.get(context.get('caller').project, pathPart(context, 'id'))
      const merged = { ...current, ...(body as object) }
      return context.json(await rules.update(context.get('caller'), current.id, merged, version))
    })
    .delete('/:id', async (context) => {
      await rules.remove(context.get('caller'), pathPart(context, 'id'))
      return context.body(null, 204)
    })
    .post('/:id/pause', async (context) =>
      context.json(await rules.pause(context.get('caller'), pathPart(context, 'id'))),
    )
    .post('/:id/resume', async (context) =>
      context.json(await rules.resume(context.get('caller'), pathPart(context, 'id'))),
    )
    .post('/:id/run', async (context) => {
      const rule = await rules.named(context.get('caller').project, pathPart(context, 'id'))
      if (rule.blocked !== null) throw new AppError('conflict', `The rule cannot run: ${rule.blocked}.`)
      const commit = await runner.runNow(rule, { cause: 'manual', scheduledAt: runner.now(), missedTicks: 0 })
      return context.json(summaryOf(commit))
    })
    .post('/:id/preview', async (context) => {
      const rule = await rules.named(context.get('caller').project, pathPart(context, 'id'))
      return context.json(await previewOf(store, rule, await runner.tryRule(rule)))
    })
}

const filters = {
  tag: v.optional(v.string()),
  search: v.optional(v.string()),
  connection: v.optional(v.string()),
  after: v.optional(v.pipe(v.string(), v.regex(/^\d+$/, 'must be what "next" was'))),
}

/** What an evaluation came to; its whole trace is at `/evaluations/{id}`. */
function summaryOf(commit: EvaluationCommit) {
  const { id, at, verdict, value, trace, deliveries } = commit
  const words = explainEvaluation({
    ...commit,
    replayable: false,
    repeats: 1,
    firstAt: at,
    minimum: null,
    maximum: null,
  })
  return { evaluation: id, at, verdict, value, error: trace.error, words, deliveries: deliveries.map((one) => one.id) }
}
