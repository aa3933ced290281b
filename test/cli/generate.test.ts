import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, settings } from '../../src/config.ts'
import { loadMasterKey } from '../../src/secrets.ts'
import { runCommand } from '../support/command.ts'

const packaging = (name: string) => readFileSync(join(import.meta.dirname, '../../packaging', name), 'utf8').trimEnd()

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-generate-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the unit and the configuration are those of the packages', async () => {
  expect(await runCommand(['generate', 'unit'])).toEqual({ code: 0, out: packaging('tocsin.service'), err: '' })
  expect(await runCommand(['generate', 'config'])).toEqual({ code: 0, out: packaging('tocsin.yaml'), err: '' })
})

test('the configuration is usable as it is, and with everything in it', () => {
  const { config } = loadConfig({ config: 'x' }, {}, () => packaging('tocsin.yaml'))
  expect(config.dataDir).toBe('/var/lib/tocsin/data')
  // Sentences begin with a capital letter; what else is commented out is a setting.
  const full = packaging('tocsin.yaml').replace(/^# ((?: {2})?[a-z]\w+:)/gm, '$1')
  expect(loadConfig({ config: 'x' }, {}, () => full).config).toMatchObject({
    baseUrl: 'https://tocsin.example.com',
    egress: { policy: 'deny-private', proxy: 'http://proxy.example.com:3128' },
    metrics: { open: true },
  })
})

test('a key is made once, for its owner alone, and works', async () => {
  const file = join(folder, 'master.key')
  expect(await runCommand(['generate', 'key', file])).toMatchObject({
    code: 0,
    out: expect.stringContaining('Keep a copy'),
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(loadMasterKey({ masterKeyFile: file, credentialsDirectory: null, dataDir: 'x' }, true)).toHaveLength(32)
  expect(await runCommand(['generate', 'key', file])).toMatchObject({
    code: 1,
    err: expect.stringContaining('cannot be written'),
  })
})

test('the key that the package makes is one', () => {
  const script = readFileSync(join(import.meta.dirname, '../../packaging/debian/postinst'), 'utf8')
  const line = /printf '(.*)\\n' "\$\((.*)\)"/.exec(script)
  expect(line?.[1]).toBe('tocsin-master-key-1:%s')
  expect(line?.[2]).toBe('head -c 32 /dev/urandom | base64 -w 0')
})

test('what may change at a reload is what is asked for anew', () => {
  expect(settings.filter(({ reloads }) => reloads).map(({ path }) => path)).toEqual([
    'baseUrl',
    'drain',
    'egress.policy',
    'egress.allow',
    'egress.proxy',
    'egress.noProxy',
    'connections.timeout',
    'connections.maxRows',
    'smtp.host',
    'smtp.port',
    'smtp.tls',
    'smtp.verify',
    'smtp.user',
    'smtp.password',
    'smtp.passwordFile',
    'smtp.sender',
    'smtp.to',
    'retention.days',
    'retention.maxMegabytes',
    'metrics.open',
    'log.level',
  ])
})
