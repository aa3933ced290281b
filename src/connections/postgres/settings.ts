import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { authority } from '../transport.ts'

const text = (message: string) => v.pipe(v.string(message), v.nonEmpty(message))

/** `require` means `verify-full`: who asks for TLS gets it checked, and going without the check has its own word. */
const sslModes = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const
const sslMode = v.picklist(sslModes, `must be one of ${sslModes.join(', ')}`)

const entries = v.strictObject({
  url: v.optional(
    v.pipe(
      text('must be a connection string such as postgres://user:password@host:5432/database'),
      field({
        title: 'Connection string',
        hint: 'postgres://user:password@host:5432/database?sslmode=verify-full, instead of the settings below',
        secret: true,
      }),
    ),
  ),
  host: v.optional(v.pipe(text('must be a host name or address'), field({ title: 'Host' }))),
  port: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.integer('must be a whole number'),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(65535, 'must be at most 65535'),
      field({ title: 'Port', hint: '5432 when left out' }),
    ),
  ),
  database: v.optional(v.pipe(text('must be the name of a database'), field({ title: 'Database' }))),
  user: v.optional(
    v.pipe(text('must be the name of a role'), field({ title: 'User', hint: 'a role that may only read' })),
  ),
  password: v.optional(v.pipe(v.string('must be text'), field({ title: 'Password', secret: true }))),
  sslmode: v.optional(
    v.pipe(
      sslMode,
      field({
        title: 'TLS',
        hint: 'disable (when left out), verify-full or require: checked with host name, verify-ca: without host name, no-verify: not checked at all',
      }),
    ),
  ),
  ca: authority,
})

export type PostgresSettings = v.InferOutput<typeof entries>

/** Where to connect and how: the settings, or what the connection string says. */
export interface Target {
  host: string
  port: number
  database: string
  user: string
  password: string
  sslmode: (typeof sslModes)[number]
  ca: string | undefined
}

export const postgresSettings = v.pipe(
  entries,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { value } = dataset
    const problem = value.url === undefined ? missing(value) : (conflict(value) ?? parseUrl(value.url))
    if (!Array.isArray(problem)) return
    const [key, message] = problem
    addIssue({ message, path: [{ type: 'object', origin: 'value', input: value, key, value: value[key] }] })
  }),
)

/** The target of settings that are valid. */
export function targetOf(settings: PostgresSettings): Target {
  const { url, ca } = settings
  const parsed = url === undefined ? settings : parseUrl(url)
  const given = Array.isArray(parsed) ? {} : parsed
  const { host = 'localhost', port = 5432, user = 'postgres', database = user, password = '' } = given
  const sslmode = settings.sslmode ?? given.sslmode ?? (ca === undefined ? 'disable' : 'verify-full')
  return { host, port, database, user, password, sslmode, ca }
}

type Problem = [keyof PostgresSettings, string]

function missing(settings: PostgresSettings): Problem | null {
  const key = (['host', 'database', 'user'] as const).find((name) => settings[name] === undefined)
  return key === undefined ? null : [key, 'is missing; give it, or a connection string in "url"']
}

function conflict(settings: PostgresSettings): Problem | null {
  const key = (['host', 'port', 'database', 'user', 'password'] as const).find((name) => settings[name] !== undefined)
  return key === undefined ? null : [key, 'must be left out when "url" is given']
}

function parseUrl(url: string): Omit<PostgresSettings, 'url'> | Problem {
  const expected = 'must be a connection string such as postgres://user:password@host:5432/database'
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '') return ['url', expected]
  const result: Omit<PostgresSettings, 'url'> = { host: parsed.hostname.replace(/^\[|\]$/g, '') }
  try {
    if (parsed.port !== '') result.port = Number(parsed.port)
    if (parsed.username !== '') result.user = decodeURIComponent(parsed.username)
    if (parsed.password !== '') result.password = decodeURIComponent(parsed.password)
    if (parsed.pathname.length > 1) result.database = decodeURIComponent(parsed.pathname.slice(1))
  } catch {
    return ['url', 'holds a % that is no percent-encoding; write the character itself as %25']
  }
  for (const [key, value] of parsed.searchParams) {
    const mode = sslModes.find((known) => known === value)
    if (key !== 'sslmode') return ['url', `has the parameter "${key}"; only sslmode is known`]
    if (mode === undefined) return ['url', `has an sslmode that is not one of ${sslModes.join(', ')}`]
    result.sslmode = mode
  }
  return result
}
