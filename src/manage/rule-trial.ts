import { readsColumn } from '../compose/recipients.ts'
import { QueryError } from '../connections/connection.ts'
import { AppError, messageOf } from '../errors.ts'
import { compileCondition } from '../evaluate/condition.ts'
import { type ColumnFix, checkCondition } from '../evaluate/condition-check.ts'
import { didYouMean } from '../model/nearest.ts'
import type { QueryResult } from '../model/result.ts'
import type { QueryRuleDefinition } from '../model/rule.ts'
import { faulty } from '../model/validate.ts'
import type { ConnectionRow } from '../store/connections.ts'
import type { ManageContext } from './context.ts'
import { conditionsOf } from './rule-check.ts'

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
  definition: QueryRuleDefinition,
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
    const input = { result, previous: null, fingerprint: definition.fingerprint, tags: definition.tags, createdBy: '' }
    const elapsed = () => performance.now()
    const checked = conditionsOf(definition).map(({ condition }) =>
      checkCondition(compileCondition(condition), { ...input, now, createdAt: now, lenient, elapsed }),
    )
    const warnings = checked.flatMap(({ fixes, warnings }) => [...fixes.map(columnWarning), ...warnings])
    return [...columnWarnings(definition, result), ...new Set(warnings)]
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    if (thrown instanceof QueryError && thrown.failure === 'refused')
      throw faulty([{ path: 'query', message: thrown.message }])
    const isOurs = thrown instanceof QueryError && thrown.failure === 'query'
    return [`The query ${isOurs ? 'failed when it was tried' : 'could not be tried'}: ${messageOf(thrown)}`]
  }
}

/** Columns that the fingerprint or a route's recipients name and that are not there. */
function columnWarnings({ fingerprint, routes }: QueryRuleDefinition, { columns }: QueryResult): string[] {
  const available = columns.map(({ name }) => name)
  const named = [
    ...fingerprint.map((name) => ['fingerprint', name] as const),
    ...routes.flatMap(({ settings }) =>
      Object.entries(settings).flatMap(([key, value]) =>
        readsColumn(value) ? [[`setting "${key}" of a route`, value.fromColumn] as const] : [],
      ),
    ),
  ]
  return named
    .filter(([, name]) => !available.includes(name))
    .map(([part, missing]) => notReturned(part, missing, available))
}

function columnWarning({ missing, available, fixedText }: ColumnFix): string {
  const fix = fixedText === null ? '' : ` Perhaps it should be: ${fixedText}`
  return `${notReturned('condition', missing, available)}${fix}`
}

function notReturned(part: string, missing: string, available: readonly string[]): string {
  return `The ${part} names the column "${missing}", which the query does not return.${didYouMean(missing, available)} It returns ${available.join(', ')}.`
}
