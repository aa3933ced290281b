import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { serverPackages, serversFolder, skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'

const here = await skipUnless(serverPackages)

here('mail through the server of the configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-smtp-'))
  const [file, passwordFile] = [join(folder, 'tocsin.yaml'), join(folder, 'password')]
  const login = { user: 'tocsin', password: 'canary-first' }
  let servers: SmtpTestServer[]
  let daemon: Daemon

  const configure = (server: SmtpTestServer | undefined, password = login.password, more: object = {}) => {
    writeFileSync(passwordFile, `${password}\n`)
    const smtp = {
      host: 'localhost',
      port: server?.port ?? 0,
      tls: 'none',
      user: login.user,
      passwordFile,
      sender: 'Tocsin <tocsin@example.com>',
      ...more,
    }
    writeFileSync(file, JSON.stringify({ smtp }))
  }
  const call = async (method: string, path: string, body?: unknown, token = daemon.token) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await fetch(`${daemon.url}/api/v1${path}`, init)
    return { status: response.status, text: await response.text() }
  }
  const refresh = () => call('POST', '/operations/refresh-smtp-configuration')
  const send = (title: string) => daemon.api('POST', '/channels/Mail/send', { message: { title } })
  const arrived = (server: SmtpTestServer | undefined, ...subjects: string[]) =>
    eventually(() => expect(server?.mails.map(({ subject }) => subject)).toEqual(subjects))

  beforeAll(async () => {
    servers = await Promise.all([startSmtp({ login }), startSmtp({ login: { ...login, password: 'canary-second' } })])
    configure(servers[0])
    daemon = await startDaemon({ env: { TOCSIN_CONFIG: file, TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
  })
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]()
    await Promise.all(servers.map((server) => server.close()))
    rmSync(folder, { recursive: true })
  })

  test('goes there, and elsewhere once that is read again', async () => {
    await daemon.api('POST', '/channels', { name: 'Mail', kind: 'mail', settings: { to: 'ops@example.com' } })
    await send('one')
    await arrived(servers[0], 'one')
    expect(servers[0]?.mails[0]?.from.text).toBe('"Tocsin" <tocsin@example.com>')
    configure(servers[1], 'canary-second')
    await send('two')
    await arrived(servers[0], 'one', 'two')
    const { status, text } = await refresh()
    expect([status, JSON.parse(text)]).toMatchObject([202, { smtp: { port: servers[1]?.port }, secrets: ['password'] }])
    expect(text).not.toContain('canary')
    await send('three')
    await arrived(servers[1], 'three')
  })

  test('carries a workbook that the executable makes', async () => {
    const path = join(folder, 'data.db')
    const database = new Sqlite(path)
    database.exec("CREATE TABLE drift (model TEXT, psi REAL); INSERT INTO drift VALUES ('churn', 0.41), ('fraud', 0.3)")
    database.close()
    await daemon.api('POST', '/connections', { name: 'Data', kind: 'sqlite', settings: { path } })
    const { id } = await daemon.api('POST', '/rules', {
      name: 'Drift',
      connection: 'Data',
      query: 'SELECT * FROM drift',
      schedule: { cron: '0 0 29 2 *' },
      condition: { trigger: 'rows' },
      routes: [{ channel: 'Mail', settings: { attachments: [{ type: 'result', format: 'xlsx' }] } }],
    })
    await daemon.api('POST', `/rules/${id}/run`)
    const [file] = await eventually(() => {
      const mail = servers[1]?.mails.find(({ attachments }) => attachments.length > 0)
      return mail?.attachments ?? expect.unreachable()
    })
    expect(file?.filename).toBe('drift.xlsx')
    const { read, utils } = await import(join(serversFolder, 'node_modules/@e965/xlsx/xlsx.mjs'))
    const book = read(file?.content)
    expect(utils.sheet_to_json(book.Sheets[book.SheetNames[0]])).toEqual([
      { model: 'churn', psi: 0.41 },
      { model: 'fraud', psi: 0.3 },
    ])
    servers[1]?.mails.pop()
  })

  test('keeps what it had when the configuration cannot be used, and says why', async () => {
    configure(servers[1], 'canary-second', { sender: 'nobody' })
    const { status, text } = await refresh()
    expect(status).toBe(400)
    expect(text).toContain('smtp.sender')
    await send('four')
    await arrived(servers[1], 'three', 'four')
  })

  test('is read again for admins alone', async () => {
    const { out } = daemon.run('token', 'create', '--name', 'ed', '--role', 'editor')
    expect(
      (await call('POST', '/operations/refresh-smtp-configuration', undefined, out.split('\n').at(-1))).status,
    ).toBe(403)
  })

  test('needs a sender and a server from somewhere, and tells so when a channel is saved', async () => {
    writeFileSync(file, JSON.stringify({ smtp: {} }))
    expect((await refresh()).status).toBe(202)
    const { status, text } = await call('POST', '/channels', {
      name: 'Bare',
      kind: 'mail',
      settings: { to: 'a@example.com' },
    })
    expect(status).toBe(400)
    expect(JSON.parse(text).issues).toEqual([
      {
        path: 'settings.host',
        message: 'is missing: give the mail server here, or for the whole instance in the configuration (smtp.host)',
      },
      {
        path: 'settings.sender',
        message: 'is missing: give an address here, or for the whole instance in the configuration (smtp.sender)',
      },
    ])
  })
})
