import { Hono } from 'hono'
import * as v from 'valibot'
import type { Manage } from '../../manage/index.ts'
import { alertStates } from '../../model/alert.ts'
import type { Store } from '../../store/index.ts'
import { type ApiEnv, page, pageOf, readQuery } from '../request.ts'

const STATES = `must be some of ${alertStates.join(',')}`
const query = {
  ...page,
  after: v.optional(v.pipe(v.string(), v.regex(/^\d+$/, 'must be what "next" was'), v.transform(Number))),
  rule: v.optional(v.string()),
  state: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',')),
      v.array(v.picklist(alertStates, STATES)),
    ),
  ),
}

/** Alerts that are not normal, or all of one rule, those that changed last first: `/alerts`. */
export function alertRoutes({ rules }: Pick<Manage, 'rules'>, store: Store): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/', async (context) => {
    const { project } = context.get('caller')
    const { limit, after, rule, state } = readQuery(context, query)
    const ofRule = rule === undefined ? {} : { ruleId: (await rules.named(project, rule)).id }
    const inStates = state === undefined ? {} : { states: state }
    const position = after === undefined ? {} : { before: after }
    const found = await store.evaluations.alerts({ project, limit, ...ofRule, ...inStates, ...position })
    const items = found.map(({ project: _, history: __, missing: ___, errors: ____, ...alert }) => alert)
    return context.json(pageOf(items, limit, ({ since }) => String(since)))
  })
}
