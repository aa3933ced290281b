import { QueryError } from '../connections/connection.ts'
import { AppError, messageOf } from '../errors.ts'
import { ConditionError, compileCondition, verdicts } from '../evaluate/condition.ts'
import { didYouMean } from '../model/nearest.ts'
import type { QueryResult } from '../model/result.ts'
import type { RuleDefinition } from '../model/rule.ts'
import { faulty } from '../model/validate.ts'
import type { ConnectionRow } from '../store/connections.ts'
import type { ManageContext } from './context.ts'

/** ms that a trial at save may take. */
const TRIAL_TIMEOUT = 5000
/** Rows that tell enough about the columns. */
const TRIAL_ROWS = 20

/**
 * Runs the query once, where the connection answers, and tells what would go wrong: columns that are not there, a
 * condition that fails or is not true or false. Throws `invalid` for a query that can never run.
 */
export async function tryQuery(
  context: ManageContext,
  row: ConnectionRow,
  definition: RuleDefinition,
  lenient: boolean,
): Promise<string[]> {
  if (row.openSince !== null) return [`The query was not tried: the connection "${row.name}" is failing.`]
  const now = context.clock.now()
  try {
    const result = await context.sources.open(row).query(definition.query, {
      signal: AbortSignal.timeout(TRIAL_TIMEOUT),
      timeout: TRIAL_TIMEOUT,
      maxRows: TRIAL_ROWS,
      times: { scheduledAt: now, now, since: now - 3_600_000 },
    })
    return [...columnWarnings(definition, result), ...conditionWarnings(definition, result, now, lenient)]
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    if (thrown instanceof QueryError && thrown.failure === 'refused')
      throw faulty([{ path: 'query', message: thrown.message }])
    const isOurs = thrown instanceof QueryError && thrown.failure === 'query'
    return [`The query ${isOurs ? 'failed when it was tried' : 'could not be tried'}: ${messageOf(thrown)}`]
  }
}

function columnWarnings({ fingerprint, condition }: RuleDefinition, { columns }: QueryResult): string[] {
  const names = columns.map(({ name }) => name)
  const wanted = [
    ...fingerprint.map((name) => ({ name, part: 'fingerprint' })),
    ...('column' in condition ? [{ name: condition.column, part: 'condition' }] : []),
  ]
  return wanted
    .filter(({ name }) => !names.includes(name))
    .map(
      ({ name, part }) =>
        `The ${part} names the column "${name}", which the query does not return.${didYouMean(name, names)} It returns ${names.join(', ')}.`,
    )
}

function conditionWarnings(definition: RuleDefinition, result: QueryResult, now: number, lenient: boolean): string[] {
  const { condition, fingerprint, tags } = definition
  try {
    const compiled = compileCondition(condition)
    const times = { now, createdAt: now }
    const found = verdicts(compiled, { result, previous: null, fingerprint, tags, createdBy: '', lenient, ...times })
    const isPlain = found.items.length === 0 || found.boolean
    return isPlain
      ? []
      : ['The condition does not give true or false; its value is taken as true unless it is empty or zero.']
  } catch (thrown) {
    if (!(thrown instanceof ConditionError)) throw thrown
    return [`The condition failed on the query's present result: ${thrown.message}`]
  }
}
