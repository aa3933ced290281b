import * as v from 'valibot'
import { newId } from '../../src/ids.ts'
import { queryRule, type RuleInput } from '../../src/model/rule.ts'
import type { NewRule } from '../../src/store/rules.ts'

/** A definition with everything that a test does not speak of filled in. */
export function definitionOf(input: Partial<RuleInput> = {}) {
  return v.parse(queryRule, {
    name: 'rule',
    connection: 'db',
    query: 'select 1 as n',
    schedule: { every: '1m' },
    condition: { text: 'query_result["n"] > 0' },
    ...input,
  })
}

/** A rule to be stored; `name` names it. */
export function newRule({ name = 'rule', ...changes }: Partial<NewRule> & { name?: string } = {}): NewRule {
  return {
    id: newId('rul', 0),
    project: 'default',
    definition: definitionOf({ name }),
    inline: {},
    origin: null,
    warnings: [],
    blocked: null,
    createdBy: 'tests',
    createdAt: 0,
    nextDueAt: null,
    ...changes,
  }
}
