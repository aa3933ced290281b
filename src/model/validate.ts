import * as v from 'valibot'
import { AppError, type Issue } from '../errors.ts'
import { didYouMean } from './nearest.ts'

type AnySchema = v.GenericSchema

interface SchemaParts {
  entries?: Record<string, AnySchema>
  wrapped?: AnySchema
  item?: AnySchema
  pipe?: readonly AnySchema[]
  options?: readonly AnySchema[]
}

const MOST_ISSUES = 50

/**
 * The value as the schema has it. Throws `invalid` with one issue, named by its path under `prefix`, for each fault; faults
 * of the keys in `except`, which are checked later, are let pass.
 */
export function validate<Schema extends AnySchema>(
  schema: Schema,
  value: unknown,
  prefix = '',
  except: readonly string[] = [],
): v.InferOutput<Schema> {
  // valibot takes a list for an object.
  if (Array.isArray(value) && partsOf(schemaAt(schema, []) ?? schema).entries !== undefined)
    throw faulty([{ path: prefix, message: 'must be an object, not a list' }])
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const [first, ...more] = result.issues.filter(({ path }) => !except.includes(String(path?.[0]?.key)))
  if (first !== undefined) throw faulty(issuesOf(schema, [first, ...more], prefix))
  return result.output as v.InferOutput<Schema>
}

/** The failure that has these issues; its message is made of the first ones. */
export function faulty(issues: readonly Issue[]): AppError {
  const shown = issues.slice(0, 3).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const more = issues.length > shown.length ? ` And ${issues.length - shown.length} more.` : ''
  return new AppError('invalid', `${shown.join('; ')}${more}`, issues.slice(0, MOST_ISSUES))
}

function issuesOf(schema: AnySchema, found: readonly v.BaseIssue<unknown>[], prefix: string): Issue[] {
  return found.flatMap((issue) => {
    const keys = (issue.path ?? []).map((item) => String(item.key))
    const path = [prefix, ...keys].filter((part) => part !== '').join('.')
    const closer = issue.type === 'union' ? closest(schemaAt(schema, keys), issue.input) : undefined
    return closer === undefined
      ? [{ path, message: wording(schema, issue, keys) }]
      : issuesOf(closer.option, closer.issues, path)
  })
}

/** The alternative an object comes nearest to, with what keeps it from being it; none for a value of another type. */
function closest(union: AnySchema | undefined, input: unknown) {
  if (union === undefined || typeof input !== 'object' || input === null) return undefined
  const tries = (partsOf(union).options ?? []).map((option) => ({
    option,
    issues: v.safeParse(option, input).issues ?? [],
  }))
  const inside = tries.filter(({ issues }) => issues.length > 0 && issues.every(({ path }) => path !== undefined))
  return inside.sort((a, b) => a.issues.length - b.issues.length)[0]
}

function wording(schema: AnySchema, issue: v.BaseIssue<unknown>, keys: string[]): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const owner = schemaAt(schema, keys.slice(0, -1))
    const known = Object.keys(owner === undefined ? {} : (partsOf(owner).entries ?? {}))
    return `unknown key.${didYouMean(keys.at(-1) ?? '', known)} The keys here are ${known.join(', ')}.`
  }
  if (issue.received === 'undefined')
    return issue.message.startsWith('Invalid') ? 'is missing' : `is missing: ${issue.message}`
  if (issue.message.startsWith('Invalid'))
    return `must be ${plainType(issue.expected ?? 'valid')}, not ${plainType(issue.received)}`
  return issue.message
}

function plainType(type: string): string {
  return { Object: 'an object', Array: 'a list', string: 'text', boolean: 'true or false' }[type] ?? type
}

/** The schema the path leads to, without its wrappers. Of alternatives on the way the first that leads there is taken. */
function schemaAt(schema: AnySchema, path: readonly string[]): AnySchema | undefined {
  const parts = partsOf(schema)
  const inner = parts.wrapped ?? (parts.pipe?.[0] === schema ? undefined : parts.pipe?.[0])
  if (inner !== undefined && parts.entries === undefined) return schemaAt(inner, path)
  const [key, ...rest] = path
  if (key === undefined) return schema
  for (const next of parts.options?.map((option) => schemaAt(option, path)) ?? []) if (next !== undefined) return next
  const child = parts.entries?.[key] ?? parts.item
  return child === undefined ? undefined : schemaAt(child, rest)
}

function partsOf(schema: AnySchema): SchemaParts {
  return schema as unknown as SchemaParts
}
