import type { ComposeAlert, ComposeInput } from '../../src/compose/variables.ts'
import type { Json } from '../../src/model/json.ts'
import type { AlertKind } from '../../src/model/message.ts'
import type { QueryResult } from '../../src/model/result.ts'
import type { QueryRule, Route, RuleInput } from '../../src/model/rule.ts'
import { definitionOf } from './rules.ts'

export type { AlertKind }

export const messageKinds: AlertKind[] = ['firing', 'reminder', 'resolved', 'no-data', 'error', 'test', 'recovered']

/** 2023-11-14 22:13:20 UTC. */
export const AT = 1_700_000_000_000

export function result(
  rows: Json[][] = [
    ['churn', 0.25],
    ['fraud', 0.5],
  ],
): QueryResult {
  return {
    columns: [
      { name: 'model', type: 'text' },
      { name: 'drift', type: 'float' },
    ],
    rows,
    truncated: false,
    elapsed: 1,
  }
}

export function alert(changes: Partial<ComposeAlert> = {}): ComposeAlert {
  return { fingerprint: 'churn', labels: { model: 'churn' }, since: AT - 800_000, value: '0.25', rows: [0], ...changes }
}

type Changes = Partial<Omit<ComposeInput, 'rule' | 'route'>> & {
  definition?: Partial<RuleInput>
  route?: Partial<Route>
}

/** A rule that found one drifting model; `changes` say what is different. */
export function input({ definition, route, ...changes }: Changes = {}): ComposeInput {
  const rule: QueryRule = {
    id: 'rul_1',
    project: 'default',
    definition: definitionOf({
      name: 'Drift',
      tags: ['models'],
      connection: 'warehouse',
      condition: { text: 'query_result["drift"] > 0.1' },
      severity: 'critical',
      ...definition,
    }),
    version: 1,
    inline: {},
    origin: null,
    warnings: [],
    blocked: null,
    createdBy: 'admin',
    createdAt: 0,
    updatedAt: 0,
    nextDueAt: null,
    lastRunAt: null,
    lastSuccessAt: null,
    lastAlertAt: null,
  }
  return {
    rule,
    route: { channel: 'inbox', settings: {}, when: ['firing'], each: false, ...route },
    kind: 'firing',
    alerts: [alert()],
    result: result(),
    evaluationId: 'evl_1',
    at: AT,
    condition: 'query_result["drift"] > 0.1',
    value: '0.25',
    why: 'The condition was true.',
    error: null,
    baseUrl: 'https://tocsin.example/',
    ...changes,
  }
}
