import { describe, expect, test } from 'bun:test'
import { changedSettings, loadConfig, settings } from '../src/config.ts'
import { AppError } from '../src/errors.ts'

const load = (yaml: string, env: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  loadConfig({ config: 'file.yaml', ...flags }, env, () => yaml).config

function refusal(run: () => unknown): AppError {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown
    throw thrown
  }
  throw new Error('it was accepted')
}

describe('a setting that is on or off', () => {
  test('is read from the file, the environment and a flag alike', () => {
    expect(load('metrics: {open: true}').metrics.open).toBe(true)
    expect(load('', { TOCSIN_METRICS_OPEN: 'true' }).metrics.open).toBe(true)
    expect(load('metrics: {open: true}', {}, { 'metrics.open': 'false' }).metrics.open).toBe(false)
    expect(refusal(() => load('', { TOCSIN_METRICS_OPEN: 'yes' })).message).toContain(
      'metrics.open: must be true or false, not "yes" (from TOCSIN_METRICS_OPEN)',
    )
  })
})

test('settings that differ are named, lists and durations by what they mean', () => {
  const before = load('drain: 60s\negress: {allow: [a]}')
  const names = (yaml: string) => changedSettings(before, load(yaml)).map(({ path }) => path)
  expect(names('drain: 1m\negress: {allow: [a]}')).toEqual([])
  expect(names('egress: {allow: [a, b]}')).toEqual(['drain', 'egress.allow'])
})

describe('order', () => {
  test('a later source wins: default, file, environment, flag', () => {
    const yaml = 'scheduler: {concurrency: 2}'
    const env = { TOCSIN_SCHEDULER_CONCURRENCY: '3' }
    const concurrency = (config: { scheduler: { concurrency: number } }) => config.scheduler.concurrency
    expect(concurrency(load(''))).toBe(32)
    expect(concurrency(load(yaml))).toBe(2)
    expect(concurrency(load(yaml, env))).toBe(3)
    expect(concurrency(load(yaml, env, { 'scheduler.concurrency': '4' }))).toBe(4)
  })

  test('the file can be named by the environment, and no file is needed', () => {
    const { config } = loadConfig({}, { TOCSIN_CONFIG: 'a.yaml' }, (path) => `dataDir: /from-${path}`)
    expect(config.dataDir).toBe('/from-a.yaml')
    const alone = loadConfig({}, {}, () => {
      throw new Error('nothing is to be read')
    })
    expect(alone.config).toMatchObject({ dataDir: './tocsin-data', listen: '127.0.0.1:8686', baseUrl: null })
  })
})

describe('environment', () => {
  test('every setting has a variable named by rule', () => {
    const names = Object.fromEntries(settings.map(({ path, env }) => [path, env]))
    expect(names).toMatchObject({
      dataDir: 'TOCSIN_DATA_DIR',
      'egress.allow': 'TOCSIN_EGRESS_ALLOW',
      'connections.sqlite.paths': 'TOCSIN_CONNECTIONS_SQLITE_PATHS',
      'retention.maxMegabytes': 'TOCSIN_RETENTION_MAX_MEGABYTES',
    })
    expect(new Set(Object.values(names)).size).toBe(settings.length)
    expect(settings.every(({ doc }) => doc.endsWith('.') || doc.endsWith('".'))).toBe(true)
  })

  test('lists are split at commas and durations become milliseconds', () => {
    const config = load('', { TOCSIN_EGRESS_ALLOW: '127.0.0.0/8, example.org,', TOCSIN_CONNECTIONS_TIMEOUT: '1m30s' })
    expect(config.egress.allow).toEqual(['127.0.0.0/8', 'example.org'])
    expect(config.connections.timeout).toBe(90_000)
  })

  test('a variable that is no setting is warned about with the nearest one', () => {
    const env = { TOCSIN_EGRES_ALLOW: 'x', TOCSIN_TOKEN: 'x', PATH: '/bin' }
    expect(loadConfig({}, env, () => '').warnings).toEqual([
      'TOCSIN_EGRES_ALLOW is not a setting and has no effect. Did you mean "TOCSIN_EGRESS_ALLOW"?',
    ])
  })

  test('the folder of credentials comes from the service manager', () => {
    const env = { CREDENTIALS_DIRECTORY: '/run/credentials' }
    expect(loadConfig({}, env, () => '').config.credentialsDirectory).toBe('/run/credentials')
  })
})

describe('refusals name the field, the reason and the remedy', () => {
  const cases: [yaml: string, env: Record<string, string>, path: string, text: string][] = [
    ['egress: {alow: [x]}', {}, 'egress.alow', 'is not a setting. Did you mean "egress.allow"?'],
    ['datadir: /x', {}, 'datadir', 'Did you mean "dataDir"?'],
    ['egress: 5', {}, 'egress', 'must hold settings'],
    ['listen: 8080', {}, 'listen', 'must be HOST:PORT, not 8080 (from the file)'],
    [
      '',
      { TOCSIN_LISTEN: 'localhost' },
      'listen',
      'must be HOST:PORT such as 127.0.0.1:8686, not "localhost" (from TOCSIN_LISTEN)',
    ],
    ['', { TOCSIN_LISTEN: 'a:70000' }, 'listen', 'must have a port from 0 to 65535'],
    ['', { TOCSIN_RETENTION_DAYS: 'many' }, 'retention.days', 'must be a whole number from 1 to 3650, not "many"'],
    ['retention: {days: 0}', {}, 'retention.days', 'from 1 to 3650, not 0'],
    ['connections: {timeout: 5x}', {}, 'connections.timeout', 'must be a duration such as "30s"'],
    ['connections: {sqlite: {paths: /a}}', {}, 'connections.sqlite.paths', 'must be a list, not "/a"'],
    ['egress: {policy: none}', {}, 'egress.policy', 'must be one of open, deny-private, allow-list, not "none"'],
    ['baseUrl: ftp://x', {}, 'baseUrl', 'must begin with http:// or https://'],
    ['log: {level: loud}', {}, 'log.level', 'must be one of debug, info, warn, error'],
    ['- a', {}, 'config', 'must hold settings'],
    ['a: [', {}, 'config', 'cannot be read from file.yaml'],
  ]
  for (const [yaml, env, path, text] of cases)
    test(`${yaml} ${Object.entries(env).join()}`, () => {
      const { code, issues } = refusal(() => load(yaml, env))
      expect(code).toBe('invalid')
      expect(issues).toEqual([{ path, message: expect.stringContaining(text) }])
    })

  test('a flag is named as the origin, and all faults are told at once', () => {
    const error = refusal(() => load('retention: {days: 0}', {}, { 'log.level': 'loud' }))
    expect(error.message).toContain('(from --log-level)')
    expect(error.issues.map(({ path }) => path)).toEqual(['retention.days', 'log.level'])
  })
})
