import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { ImportReport } from '../../src/manage/import.ts'
import type { Evaluation } from '../../src/model/evaluation.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { exampleObject } from '../support/notifications.ts'
import { postgres, postgresServer } from '../support/postgres.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'

const described = await skipUnless(postgresServer, serverPackages)

described('the mail example of the VIANOPS document, on real servers', () => {
  let daemon: InProcess
  let smtp: SmtpTestServer
  beforeAll(async () => {
    smtp = await startSmtp()
    daemon = await startInProcess()
  })
  afterAll(async () => {
    await daemon.stop()
    await smtp.close()
  })

  const take = async () =>
    (await daemon.call<ImportReport>('POST', '/api/v1/import/vianops', { objects: exampleObject(), apply: true })).body

  test('is imported as it stands, waits, and puts a mail into the mailbox', async () => {
    const database = await (await postgres()).createDatabase('model_store')
    await database.execute(`
      CREATE TABLE policies (uuid text, model_name text, deployment text, model_version text);
      CREATE TABLE alerts (policy_uuid text, type text, status text, severity int);
      INSERT INTO policies VALUES ('p1', 'model_123', 'deployment_xyz', '1');
      INSERT INTO alerts VALUES ('p1', 'drift', 'Open', 2)`)
    const [waiting] = (await take()).items
    expect(waiting).toMatchObject({ action: 'create', blocked: expect.stringContaining('Model Store DB') as never })
    expect(waiting?.warnings.join('\n')).toContain('waits until it names a mail channel')

    const { host, port, user, password } = database
    await daemon.call('POST', '/api/v1/channels', {
      name: 'office',
      kind: 'mail',
      settings: { host: '127.0.0.1', port: smtp.port, tls: 'none', sender: 'tocsin@example.com' },
    })
    expect((await take()).items).toMatchObject([{ action: 'replace' }])
    await daemon.call('POST', '/api/v1/connections', {
      name: 'Model Store DB',
      kind: 'postgres',
      settings: { host, port, database: database.database, user, password, sslmode: 'disable' },
    })

    daemon.clock.advance(60_000)
    await eventually(() => expect(smtp.mails).not.toBeEmpty())
    const [mail] = smtp.mails
    expect(mail).toMatchObject({ envelope: { to: ['user1@company.com'] }, subject: 'test message' })
    expect(mail?.text.trim()).toBe('email body cnt =')

    await daemon.call('POST', `/v1/notifications/${waiting?.index}/pause`)
    const { items } = (
      await daemon.call<{ items: Evaluation[] }>('GET', '/api/v1/rules/notification.example/evaluations')
    ).body
    const { body } = await daemon.call<Evaluation>('GET', `/api/v1/evaluations/${items.at(-1)?.id}`)
    expect(body).toMatchObject({ verdict: 'true', value: '1' })
    expect(body.trace?.reasons.map(({ code }) => code)).toContain('single-column-fallback')
  }, 60_000)

  test('reaches each of several addresses, its subject and text rendered', async () => {
    const template =
      '{"addresses":"a@x.org; b@x.org;c@x.org","subject":"{{ query_result["n"] }} open","body":"by {{ createdby }}"}'
    const { body } = await daemon.call<{ index: number }>('POST', '/v1/notifications', {
      ...exampleObject(),
      name: 'three',
      query: 'select 5000000000 as n',
      condition: 'query_result["n"] > 4999999999',
      restbodytemplate: template,
      paused: true,
    })
    const before = smtp.mails.length
    await daemon.call('POST', `/v1/notifications/${body.index}/test`)
    await eventually(() => expect(smtp.mails.length).toBeGreaterThan(before))
    const mail = smtp.mails.at(-1)
    expect(mail).toMatchObject({ subject: '5000000000 open', envelope: { to: ['a@x.org', 'b@x.org', 'c@x.org'] } })
    expect(mail?.text.trim()).toBe('by operator')
  }, 60_000)
})
