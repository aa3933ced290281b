import * as v from 'valibot'
import { parse } from 'yaml'
import { AppError, type Issue, messageOf } from './errors.ts'
import { duration, parseDuration } from './model/duration.ts'
import { isObject } from './model/json.ts'
import { didYouMean } from './model/nearest.ts'

const text = () => v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))
const whole = (least: number, most: number) =>
  v.pipe(
    v.number(`must be a whole number from ${least} to ${most}`),
    v.integer(`must be a whole number from ${least} to ${most}`),
    v.minValue(least, `must be a whole number from ${least} to ${most}`),
    v.maxValue(most, `must be a whole number from ${least} to ${most}`),
  )
const oneOf = <const T extends string[]>(...values: T) => v.picklist(values, `must be one of ${values.join(', ')}`)
const flag = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'must be true or false'),
  v.transform((value) => value === true || value === 'true'),
)
const list = () => v.array(text(), 'must be a list')
const absolutePath = v.pipe(text(), v.regex(/^\//, 'must be whole paths that begin with /'))
const time = (least: string, most: string) =>
  v.pipe(
    duration(least, most),
    v.transform((value) => parseDuration(value) ?? 0),
  )
const address = v.pipe(
  v.string('must be HOST:PORT'),
  v.regex(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):\d{1,5}$/, 'must be HOST:PORT such as 127.0.0.1:8686'),
  v.check((value) => Number(value.slice(value.lastIndexOf(':') + 1)) < 65_536, 'must have a port from 0 to 65535'),
)

/** When a changed setting comes into force. */
type Takes = 'at restart' | 'at reload'

/** A setting with its default and the sentence that documents it. */
function setting<const S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S,
  initial: D,
  doc: string,
  takes: Takes = 'at restart',
) {
  return v.pipe(v.optional(schema, initial), v.description(doc), v.metadata({ takes }))
}

/** A setting that is off unless it is given. */
function optional<const S extends v.GenericSchema>(schema: S, doc: string, takes: Takes = 'at restart') {
  return v.pipe(v.optional(v.nullable(schema), null), v.description(doc), v.metadata({ takes }))
}

const group = v.strictObject

/** Every setting. Times are durations such as `30s`, given to the program in ms. */
const schema = v.strictObject({
  dataDir: setting(text(), './tocsin-data', 'Folder of the database. One process at a time owns it.'),
  listen: setting(address, '127.0.0.1:8686', 'Address the API listens on. Port 0 takes any free one.'),
  baseUrl: optional(
    v.pipe(text(), v.url('must be a URL'), v.regex(/^https?:/, 'must begin with http:// or https://')),
    'URL people reach this instance by, for links in messages.',
    'at reload',
  ),
  drain: setting(
    time('1s', '10m'),
    '10s',
    'Longest time that queries, sends and requests under way get when it is asked to end.',
    'at reload',
  ),
  masterKeyFile: optional(text(), 'File with the key that seals secrets. Default: the data folder\'s name and ".key".'),
  sampleDir: optional(text(), 'Folder of the sample database. Default: the data folder\'s name and "-sample".'),
  egress: group({
    policy: setting(
      oneOf('open', 'deny-private', 'allow-list'),
      'open',
      'Which addresses channels may send to. Loopback, under any policy, only when allowed.',
      'at reload',
    ),
    allow: setting(list(), [], 'Addresses, networks and host names that are allowed besides.', 'at reload'),
    proxy: optional(v.pipe(text(), v.url('must be a URL')), 'HTTP proxy through which channels send.', 'at reload'),
    noProxy: setting(list(), [], 'Hosts that are reached without the proxy.', 'at reload'),
  }),
  tls: group({
    caFile: optional(text(), 'PEM file of authorities to trust besides those of the system.'),
  }),
  connections: group({
    poolSize: setting(whole(1, 64), 4, 'Queries at a time per connection.'),
    timeout: setting(time('1s', '1h'), '30s', 'Longest time of one query.', 'at reload'),
    maxRows: setting(whole(1, 100_000), 1000, 'Most rows of one query; more are cut.', 'at reload'),
    sqlite: group({
      paths: setting(list(), [], 'Folders under which SQLite files may be queried.'),
    }),
  }),
  shell: group({
    allow: setting(
      v.array(absolutePath, 'must be a list'),
      [],
      'Programs, and folders whose programs, shell channels and scripts of variables may start. None when it is empty.',
    ),
  }),
  scheduler: group({
    concurrency: setting(whole(1, 512), 32, 'Evaluations at a time.'),
  }),
  delivery: group({
    concurrency: setting(whole(1, 1024), 256, 'Sends at a time, over all destinations.'),
    timeout: setting(
      time('1s', '5m'),
      '30s',
      "Longest time of one attempt, unless its channel's own timeout is longer.",
    ),
  }),
  smtp: group({
    host: optional(text(), 'Mail server for channels that name none.', 'at reload'),
    port: optional(
      whole(1, 65_535),
      'Its port. Default: 587 for starttls, 465 for implicit, 25 for none.',
      'at reload',
    ),
    tls: setting(
      oneOf('starttls', 'implicit', 'none'),
      'starttls',
      'How the connection to it is secured.',
      'at reload',
    ),
    verify: setting(flag, true, 'Whether its certificate is checked: true or false.', 'at reload'),
    user: optional(text(), 'User name there.', 'at reload'),
    password: optional(text(), 'Password there. Better in a file: smtp.passwordFile.', 'at reload'),
    passwordFile: optional(text(), 'File with the password.', 'at reload'),
    sender: optional(
      text(),
      'Sender of mail whose channel names none, such as Alerts <alerts@example.com>.',
      'at reload',
    ),
    to: setting(list(), [], 'Recipients of mail that names none.', 'at reload'),
  }),
  attachments: group({
    paths: setting(list(), [], 'Folders of which files may go along with messages.'),
    maxMegabytes: setting(whole(1, 50), 5, 'Largest size of the files of one message together.'),
  }),
  retention: group({
    days: setting(whole(1, 3650), 30, 'Evaluations and deliveries older than this are removed.', 'at reload'),
    maxMegabytes: setting(
      whole(10, 1_000_000),
      10_000,
      'The oldest are removed once the database is larger.',
      'at reload',
    ),
  }),
  metrics: group({
    open: setting(
      flag,
      false,
      'Whether /metrics is for everybody; otherwise it asks for a token of no single project.',
      'at reload',
    ),
  }),
  log: group({
    level: setting(oneOf('debug', 'info', 'warn', 'error'), 'info', 'Least level that is logged.', 'at reload'),
  }),
})

export type Config = v.InferOutput<typeof schema> & {
  /** Where systemd keeps credentials, if it started this process. */
  credentialsDirectory: string | null
}

/** A setting as the command line and the documentation see it. */
export interface Setting {
  /** Dotted, as in the YAML file. */
  path: string
  /** The environment variable. */
  env: string
  /** The flag, without dashes. */
  flag: string
  kind: 'text' | 'number' | 'list'
  initial: unknown
  doc: string
  /** Whether a change of it needs no restart, but a reload. */
  reloads: boolean
}

export type Env = Record<string, string | undefined>

/** The environment of this process. */
export const environment: Env = process.env

/** Every setting, in the order of the documentation. */
export const settings: readonly Setting[] = collect(schema, [])

/** Variables that steer a command rather than a setting. */
const otherVariables = ['TOCSIN_CONFIG', 'TOCSIN_URL', 'TOCSIN_TOKEN', 'TOCSIN_SPOOL', 'TOCSIN_PROJECT', 'TOCSIN_RUN']

/**
 * The settings in force: default, then YAML file (flag `config` or TOCSIN_CONFIG), then environment, then flags; later
 * ones win. `flags` are texts by setting path. Throws `invalid` with one issue for each thing that is wrong. The
 * warnings are about variables that look like settings and are none.
 */
export function loadConfig(
  flags: Readonly<Record<string, string | undefined>>,
  env: Env,
  readFile: (path: string) => string,
): { config: Config; warnings: string[] } {
  const file = flags['config'] ?? env['TOCSIN_CONFIG']
  const tree = file === undefined ? {} : readYaml(file, readFile)
  const unknown = unknownKeys(tree)
  if (unknown.length > 0) throw refusal(unknown)
  for (const item of settings) {
    const given = flags[item.path] ?? env[item.env]
    put(tree, item.path.split('.'), given === undefined ? undefined : fromText(item.kind, given))
  }
  const parsed = v.safeParse(schema, tree, { abortPipeEarly: true })
  if (!parsed.success) throw refusal(parsed.issues.map((issue) => issueOf(issue, flags, env)))
  return {
    config: { ...parsed.output, credentialsDirectory: env['CREDENTIALS_DIRECTORY'] ?? null },
    warnings: unknownVariables(env),
  }
}

/** The settings in which two configurations differ. */
export function changedSettings(before: Config, after: Config): Setting[] {
  const valueIn = (config: Config, path: string) =>
    JSON.stringify(path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), config))
  return settings.filter(({ path }) => valueIn(before, path) !== valueIn(after, path))
}

function readYaml(file: string, readFile: (path: string) => string): Record<string, unknown> {
  let tree: unknown
  try {
    tree = parse(readFile(file)) ?? {}
  } catch (thrown) {
    throw refusal([{ path: 'config', message: `cannot be read from ${file}: ${messageOf(thrown)}` }])
  }
  if (!isObject(tree))
    throw refusal([{ path: 'config', message: `${file} must hold settings such as "dataDir: /data"` }])
  return tree
}

function unknownKeys(tree: Record<string, unknown>, path: string[] = []): Issue[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const here = [...path, key]
    const name = here.join('.')
    const paths = settings.map((item) => item.path)
    if (paths.includes(name)) return []
    const isGroup = paths.some((path) => path.startsWith(`${name}.`))
    if (isGroup && (isObject(value) || value === null)) return unknownKeys(value ?? {}, here)
    if (isGroup) return [{ path: name, message: 'must hold settings, one a line' }]
    return [{ path: name, message: `is not a setting.${didYouMean(name, paths)}` }]
  })
}

function unknownVariables(env: Env): string[] {
  const known = [...settings.map((item) => item.env), ...otherVariables]
  return Object.keys(env)
    .filter((name) => name.startsWith('TOCSIN_') && !known.includes(name))
    .map((name) => `${name} is not a setting and has no effect.${didYouMean(name, known)}`)
}

function issueOf(issue: v.BaseIssue<unknown>, flags: Readonly<Record<string, unknown>>, env: Env): Issue {
  const path = (issue.path ?? [])
    .map(({ key }) => String(key))
    .filter((key) => !/^\d+$/.test(key))
    .join('.')
  const item = settings.find((candidate) => candidate.path === path)
  if (item === undefined) return { path, message: issue.message }
  const origin = flags[path] !== undefined ? `--${item.flag}` : env[item.env] !== undefined ? item.env : 'the file'
  return { path, message: `${issue.message}, not ${JSON.stringify(issue.input)} (from ${origin})` }
}

function refusal(issues: Issue[]): AppError {
  const lines = issues.map(({ path, message }) => `${path}: ${message}`)
  return new AppError('invalid', `The configuration is not usable. ${lines.join('. ')}`, issues)
}

function fromText(kind: Setting['kind'], given: string): unknown {
  if (kind === 'list')
    return given
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  return kind === 'number' && /^-?\d+(\.\d+)?$/.test(given.trim()) ? Number(given) : given
}

/** Sets a value at its place, making the groups on the way there; undefined makes the groups alone. */
function put(tree: Record<string, unknown>, path: string[], value: unknown) {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    if (value !== undefined) tree[key] = value
    return
  }
  const inner = tree[key]
  const next = isObject(inner) ? inner : {}
  tree[key] = next
  put(next, rest, value)
}

interface SchemaParts {
  type: string
  entries?: Record<string, v.GenericSchema>
  wrapped?: v.GenericSchema
  default?: unknown
  pipe?: readonly (v.GenericSchema & { description?: string; metadata?: { takes: Takes } })[]
}

function collect(of: v.GenericSchema, path: string[]): Setting[] {
  const parts = of as unknown as SchemaParts
  const entries = parts.entries ?? (parts.wrapped as SchemaParts | undefined)?.entries
  if (entries !== undefined) return Object.entries(entries).flatMap(([key, entry]) => collect(entry, [...path, key]))
  const words = path.join('.').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const flag = words.replaceAll('.', '-')
  return [
    {
      path: path.join('.'),
      env: `TOCSIN_${flag.toUpperCase().replaceAll('-', '_')}`,
      flag,
      kind: kindOf(parts),
      initial: parts.default,
      doc: parts.pipe?.find((item) => item.description !== undefined)?.description ?? '',
      reloads: parts.pipe?.find((item) => item.metadata !== undefined)?.metadata?.takes === 'at reload',
    },
  ]
}

function kindOf(parts: SchemaParts): Setting['kind'] {
  if (parts.wrapped !== undefined) return kindOf(parts.wrapped as unknown as SchemaParts)
  return parts.type === 'number' ? 'number' : parts.type === 'array' ? 'list' : 'text'
}
