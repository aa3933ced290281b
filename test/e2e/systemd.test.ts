import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Container, containerPrograms, startContainer } from '../support/container.ts'
import { executable } from '../support/executable.ts'
import { program, skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'

setDefaultTimeout(120_000)

const project = join(import.meta.dirname, '../..')
const unit = join(project, 'packaging/tocsin.service')
const hasSystemd = await skipUnless(program('systemd-analyze', 'systemd'))
const canContain = await skipUnless(...containerPrograms, program('dpkg-deb', 'dpkg'))
const hasLintian = await skipUnless(program('lintian', 'lintian'), program('dpkg-deb', 'dpkg'))

/** The Debian package of this machine, built once. */
let built: string | undefined
function debianPackage(): string {
  if (built === undefined) {
    executable()
    const command = ['scripts/deb.ts', '--no-build']
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: project, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string }
    built = join(project, 'dist', `tocsin_${version}_${process.arch === 'arm64' ? 'arm64' : 'amd64'}.deb`)
  }
  return built
}

hasSystemd('the unit', () => {
  test('leaves the service as little as it can do with', () => {
    const command = ['security', '--offline=true', '--threshold=20', unit]
    const { status, stdout } = spawnSync('systemd-analyze', command, { encoding: 'utf8' })
    expect({ status, level: /exposure level .*/.exec(stdout)?.[0] }).toMatchObject({ status: 0 })
  })

  test('is what the executable prints', () => {
    const [file = ''] = executable()
    const { stdout } = spawnSync(file, ['generate', 'unit'], { encoding: 'utf8' })
    expect(stdout).toBe(readFileSync(unit, 'utf8'))
  })
})

hasLintian('the Debian package', () => {
  test('has nothing that lintian would tell', () => {
    const command = ['--fail-on', 'error,warning,info', '--display-info', debianPackage()]
    const { status, stdout } = spawnSync('lintian', command, { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })
})

canContain('the service on a bare Debian', () => {
  let container: Container
  beforeAll(async () => {
    container = await startContainer()
    mkdirSync(join(container.root, 'packages'))
    copyFileSync(debianPackage(), join(container.root, 'packages/tocsin.deb'))
    await container.ok('dpkg', '-i', '/packages/tocsin.deb')
  }, 180_000)
  afterAll(() => container?.stop())

  const show = (property: string) => container.ok('systemctl', 'show', '--value', '--property', property, 'tocsin')
  const events = async () =>
    (await container.ok('journalctl', '--unit=tocsin', '--output=cat', '--no-pager'))
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const latest = async (event: string) => (await events()).findLast((entry) => entry['event'] === event)
  const ready = () => container.ok('tocsin', 'healthcheck')
  /** Puts lines into the unit's service section until the container ends, and starts the service again. */
  async function override(...lines: string[]) {
    const folder = join(container.root, 'etc/systemd/system/tocsin.service.d')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'test.conf'), `[Service]\n${lines.join('\n')}\n`)
    await container.ok('systemctl', 'daemon-reload')
    await container.ok('systemctl', 'restart', 'tocsin')
  }
  const signal = (name: string, pid: string) => container.ok('sh', '-c', `kill -${name} ${pid}`)
  const configure = (text: string) => writeFileSync(join(container.root, 'etc/tocsin/tocsin.yaml'), text)
  /** Calls the API from within the container's network, with the runtime of the tests. */
  async function call(token: string, path: string, body: unknown): Promise<Record<string, unknown>> {
    const script = `const answer = await fetch('http://127.0.0.1:8686/api/v1${path}', { method: 'POST', headers: {
      authorization: 'Bearer ${token}', 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify(body))} })
      console.log(await answer.text())`
    const { out, err } = await container.inNetwork(process.execPath, '-e', script)
    if (err !== '') throw new Error(err)
    return JSON.parse(out)
  }

  test('is installed, enabled and started, with a key of its own and nothing open to others', async () => {
    expect(await show('ActiveState')).toBe('active')
    expect(await container.ok('systemctl', 'is-enabled', 'tocsin')).toBe('enabled')
    expect(await ready()).toBe('ready')
    const mode = (path: string) => statSync(join(container.root, path)).mode & 0o777
    expect([mode('etc/tocsin/master.key'), mode('var/lib/tocsin'), mode('var/lib/tocsin/data/tocsin.db')]).toEqual([
      0o600, 0o700, 0o600,
    ])
    // No second key was made: the service has the one that systemd gave it.
    expect(readdirSync(join(container.root, 'var/lib/tocsin'))).toEqual(['data'])
  })

  test('its unit has nothing that systemd would tell', async () => {
    const verified = await container.run('systemd-analyze', 'verify', '--man=no', '/lib/systemd/system/tocsin.service')
    expect(verified).toEqual({ code: 0, out: '', err: '' })
  })

  test('says itself that it is ready, and where', async () => {
    expect(await show('Type')).toBe('notify')
    expect(await show('StatusText')).toBe('Listening on http://127.0.0.1:8686')
  })

  test('root makes a token that the service knows, and the main job works behind all its walls', async () => {
    const token = await container.ok(
      'tocsin',
      'token',
      'create',
      '--data-dir',
      '/var/lib/tocsin/data',
      '--name',
      'root',
      '--role',
      'admin',
    )
    const { code, out } = await container.run('find', '/var/lib/tocsin', '!', '-user', 'tocsin')
    expect({ code, out }).toEqual({ code: 0, out: '' })
    configure(
      `${readFileSync(join(project, 'packaging/tocsin.yaml'), 'utf8')}\nconnections: {sqlite: {paths: [/srv]}}\n`,
    )
    await container.ok('systemctl', 'restart', 'tocsin')
    const outside = new Sqlite(join(container.root, 'srv/outside.db'))
    outside.exec('CREATE TABLE items AS SELECT 7 AS item')
    outside.close()
    await call(token, '/connections', { name: 'outside', kind: 'sqlite', settings: { path: '/srv/outside.db' } })
    await call(token, '/channels', { name: 'journal', kind: 'console', settings: {} })
    const rule = await call(token, '/rules', {
      name: 'items',
      connection: 'outside',
      query: 'SELECT item AS n FROM items',
      schedule: { every: '1h' },
      condition: { text: 'query_result["n"] > 0' },
      message: { engine: 'jinja', title: 'item {{ query_result.n }}' },
      routes: [{ channel: 'journal' }],
    })
    expect(rule).toMatchObject({ name: 'items' })
    await call(token, '/rules/items/run', {})
    await eventually(async () =>
      expect(await container.ok('journalctl', '--unit=tocsin', '--output=cat')).toContain('item 7'),
    )
  })

  test('reads its configuration again, names what needs a restart, and refuses one that is not usable', async () => {
    configure('dataDir: /var/lib/tocsin/data\nlisten: 127.0.0.1:8687\nlog: {level: debug}\n')
    await container.ok('systemctl', 'reload', 'tocsin')
    await eventually(async () => expect((await latest('reloaded'))?.['needRestart']).toContain('listen'))
    expect((await latest('reloaded'))?.['changed']).toEqual(['log.level'])
    await ready()
    configure('dataDir: /var/lib/tocsin/data\nlog: {level: loud}\n')
    await container.ok('systemctl', 'reload', 'tocsin')
    await eventually(async () =>
      expect((await latest('reloadFailed'))?.['reason']).toContain('log.level: must be one of'),
    )
    expect(await ready()).toBe('ready')
    expect(await show('ActiveState')).toBe('active')
    configure(readFileSync(join(project, 'packaging/tocsin.yaml'), 'utf8'))
    await container.ok('systemctl', 'reload', 'tocsin')
  })

  test('is started again when it was killed', async () => {
    const pid = await show('MainPID')
    await signal('KILL', pid)
    await eventually(async () => {
      expect(await show('MainPID')).not.toBe(pid)
      expect(await ready()).toBe('ready')
    })
  })

  test('tells that it lives, and is ended and started again when it does not', async () => {
    await override('WatchdogSec=1', 'RestartSec=0')
    const pid = await show('MainPID')
    const told = async () => Number(await show('WatchdogTimestampMonotonic'))
    const first = await told()
    // More than one time limit later.
    await eventually(async () => expect((await told()) - first).toBeGreaterThan(1_500_000))
    expect(await show('MainPID')).toBe(pid)
    await signal('STOP', pid)
    await eventually(async () => {
      expect(await show('MainPID')).not.toBe(pid)
      expect(await ready()).toBe('ready')
    }, 20_000)
    expect(await container.ok('journalctl', '--unit=tocsin', '--output=cat')).toContain('Watchdog timeout')
  })

  test('runs as an account that exists only while it runs', async () => {
    await override('User=tocsin-passing', 'Group=tocsin-passing', 'DynamicUser=yes')
    expect(await ready()).toBe('ready')
    const account = await container.ok('stat', '--format=%u', `/proc/${await show('MainPID')}`)
    expect(Number(account)).toBeGreaterThanOrEqual(61_184)
    expect(existsSync(join(container.root, 'var/lib/private/tocsin/data/tocsin.db'))).toBe(true)
    await override('RestartSec=1')
  })

  test('is examined by root, with nothing to mend', async () => {
    const token = await container.ok(
      'sh',
      '-c',
      `tocsin token create --data-dir /var/lib/tocsin/data --name look --role admin`,
    )
    const { out } = await container.run(
      'env',
      'CREDENTIALS_DIRECTORY=/etc/tocsin',
      'tocsin',
      'doctor',
      '--config',
      '/etc/tocsin/tocsin.yaml',
      '--connections-sqlite-paths=/srv',
    )
    expect(out.split('\n').filter((line) => line.startsWith('fail'))).toEqual([])
    expect(out).toMatch(/^ok {4}daemon: process \d+ since/m)
    expect(out).toMatch(/^ok {4}master key: \/etc\/tocsin\/master\.key \(\S{8}\) opens the secrets/m)
    expect(await container.ok('env', `TOCSIN_TOKEN=${token}`, 'tocsin', 'status')).toContain('working since')
  })

  test('is backed up and restored by root, and works on with what root put there', async () => {
    const data = '/var/lib/tocsin/data'
    await container.ok('tocsin', 'backup', '--data-dir', data, '/var/tmp/tocsin.db')
    await container.ok('systemctl', 'stop', 'tocsin')
    await container.ok('mv', data, '/var/tmp/before')
    const told = await container.ok(
      'tocsin',
      'restore',
      '--data-dir',
      data,
      '--master-key-file',
      '/etc/tocsin/master.key',
      '/var/tmp/tocsin.db',
    )
    expect(told).toMatch(
      /1 rules.*\nIts secrets open with the master key \S{8}, which \/etc\/tocsin\/master\.key holds/,
    )
    await container.ok('systemctl', 'start', 'tocsin')
    expect(await ready()).toBe('ready')
  })

  test('keeps key, settings and data when the package is put in again', async () => {
    configure('dataDir: /var/lib/tocsin/data\nretention: {days: 7}\n')
    const key = readFileSync(join(container.root, 'etc/tocsin/master.key'), 'utf8')
    const pid = await show('MainPID')
    await container.ok('dpkg', '-i', '--force-confold', '/packages/tocsin.deb')
    expect(readFileSync(join(container.root, 'etc/tocsin/master.key'), 'utf8')).toBe(key)
    expect(readFileSync(join(container.root, 'etc/tocsin/tocsin.yaml'), 'utf8')).toContain('days: 7')
    expect(await ready()).toBe('ready')
    expect(await show('MainPID')).not.toBe(pid)
  })

  test('says what is wrong where programs may not run from the temporary folder', async () => {
    const noexec = ['systemd-run', '--wait', '--pipe', '--quiet', '--property=TemporaryFileSystem=/tmp:noexec']
    const { code, out, err } = await container.run(...noexec, 'tocsin', 'version')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^tocsin: SQLite cannot be loaded .*name another folder with TMPDIR\.$/)
  })

  test('ends in order', async () => {
    await container.ok('systemctl', 'stop', 'tocsin')
    expect(await container.ok('journalctl', '--unit=tocsin', '--output=cat', '--lines=8')).not.toContain('Killing')
    expect(await show('Result')).toBe('success')
    expect((await events()).slice(-2).map(({ event }) => event)).toEqual(['stopping', 'stopped'])
    await container.ok('systemctl', 'start', 'tocsin')
  })

  test('leaves nothing behind when it is purged', async () => {
    await container.ok('dpkg', '--purge', 'tocsin')
    const left = ['etc/tocsin', 'var/lib/tocsin', 'usr/bin/tocsin', 'lib/systemd/system/tocsin.service'].filter(
      (path) => existsSync(join(container.root, path)),
    )
    expect(left).toEqual([])
    expect(await container.run('getent', 'passwd', 'tocsin')).toMatchObject({ code: 2 })
    expect(await container.run('systemctl', 'is-enabled', 'tocsin')).toMatchObject({
      code: expect.any(Number),
      out: '',
    })
  })
})
