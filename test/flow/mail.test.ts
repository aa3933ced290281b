import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { runWorld } from '../support/runs.ts'
import { type Input, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'
import { type Mail, type SmtpTestServer, startSmtp } from '../support/smtp.ts'

const here = await skipUnless(serverPackages)

here('mail of a daemon', () => {
  let scene: Scene
  let server: SmtpTestServer
  let reports: string
  let number = 0
  beforeAll(async () => {
    server = await startSmtp()
    reports = mkdtempSync(join(tmpdir(), 'tocsin-reports-'))
    scene = await startScene({ 'attachments.paths': reports, 'attachments.maxMegabytes': '1' })
    writeFileSync(join(reports, 'how.txt'), 'Restart it.')
    scene.sql(`CREATE TABLE owners (model TEXT, score REAL, email TEXT, team TEXT);
      INSERT INTO owners VALUES ('churn', 0.9, 'ann@example.com', 'red'), ('fraud', 0.8, 'bob@example.com', NULL),
        ('sales', 0.1, 'eve@example.com', 'blue')`)
  })
  afterEach(() => {
    server.mails.length = 0
    server.behave({})
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await server.close()
    rmSync(reports, { recursive: true })
  })

  /** A rule on the scores above 0.5, with a mail channel of its own. */
  async function rule(route: Input, channel: Input = {}, changes: Input = {}): Promise<string> {
    const name = `Mail ${++number}`
    const settings = { host: '127.0.0.1', port: server.port, tls: 'none', sender: 'Tocsin <t@example.com>', ...channel }
    await scene.api('POST', '/channels', { name, kind: 'mail', settings })
    return await scene.rule({
      query: 'SELECT * FROM owners WHERE score > 0.5 ORDER BY model',
      condition: { trigger: 'rows' },
      routes: [{ channel: name, ...route }],
      ...changes,
    })
  }
  const arrived = (count: number): Promise<Mail[]> =>
    eventually(() => {
      expect(server.mails.length).toBeGreaterThanOrEqual(count)
      return server.mails.toSorted((one, other) => one.to.text.localeCompare(other.to.text))
    })

  test('goes to the people whom a column names, each with a mail that speaks to him', async () => {
    const text =
      '<p>Dear {% if mailVariables_team %}team {{ mailVariables_team }}{% else %}colleague{% endif %}, {{ mailVariables_model }} drifts.</p>'
    const id = await rule({
      settings: { to: { fromColumn: 'email', each: true }, subject: 'Drift of {{ mailVariables_model }}' },
      body: { text },
    })
    await scene.run(id)
    const mails = await arrived(2)
    expect(mails.map(({ envelope, subject, html }) => [envelope.to, subject, html])).toEqual([
      [['ann@example.com'], 'Drift of churn', '<p>Dear team red, churn drifts.</p>'],
      [['bob@example.com'], 'Drift of fraud', '<p>Dear colleague, fraud drifts.</p>'],
    ])
  })

  test('goes to each of a list with variables of his own, where one that is missing can be tested for', async () => {
    const mails = [{ to: 'ann@example.com', variables: { team: 'red' } }, { to: 'bob@example.com' }]
    const text =
      'Dear {% if mailVariables_team %}team {{ mailVariables_team }}{% else %}colleague{% endif %}: {{ mailVariables }}'
    await scene.run(await rule({ settings: { to: { mails } }, body: { text } }))
    expect((await arrived(2)).map((mail) => [mail.envelope.to, mail.text.trim()])).toEqual([
      [['ann@example.com'], 'Dear team red: {"team":"red"}'],
      [['bob@example.com'], 'Dear colleague: {}'],
    ])
  })

  test('tells each of them of the end, though no row names them any more', async () => {
    const id = await rule({
      settings: { to: { fromColumn: 'email', each: true }, subject: '{{ kind }} {{ mailVariables_model }}' },
    })
    await scene.run(id)
    await eventually(async () =>
      expect((await scene.deliveries(id)).map(({ state }) => state)).toEqual(['delivered', 'delivered']),
    )
    scene.sql('UPDATE owners SET score = score - 1')
    try {
      await scene.run(id)
      const mails = await arrived(4)
      const thread = (to: string) => mails.filter(({ envelope }) => envelope.to[0] === to)
      for (const [to, model] of [
        ['ann@example.com', 'churn'],
        ['bob@example.com', 'fraud'],
      ] as const) {
        const [first, last] = thread(to)
        expect([first?.subject, last?.subject]).toEqual([`firing ${model}`, 'resolved'])
        expect(last?.inReplyTo).toBe(first?.messageId ?? '')
      }
    } finally {
      scene.sql('UPDATE owners SET score = score + 1')
    }
  })

  test('goes to all whom a column names in one mail, and ends in the thread it began', async () => {
    const id = await rule({ settings: { to: { fromColumn: 'email' } } }, { to: 'fallback@example.com' })
    await scene.run(id)
    const [first] = await arrived(1)
    expect(first?.envelope.to).toEqual(['ann@example.com', 'bob@example.com'])
    scene.sql('UPDATE owners SET score = score - 1')
    try {
      await eventually(async () =>
        expect((await scene.deliveries(id)).map(({ state }) => state)).toEqual(['delivered']),
      )
      await scene.run(id)
      const mails = await arrived(2)
      const last = mails.find(({ messageId }) => messageId !== first?.messageId)
      // No row names them any more, but they were told that it began.
      expect(last?.envelope.to).toEqual(['ann@example.com', 'bob@example.com'])
      expect(last?.inReplyTo).toBe(first?.messageId ?? '')
      expect(last?.headers.get('references')).toBe(first?.messageId ?? '')
    } finally {
      scene.sql('UPDATE owners SET score = score + 1')
    }
  })

  test('tells all of an end who were told of its beginnings, one after the other', async () => {
    const id = await rule(
      { settings: { to: { fromColumn: 'email' } } },
      {},
      {
        query: 'SELECT * FROM owners WHERE score > 0.85 ORDER BY model',
        fingerprint: ['model'],
      },
    )
    const run = async (score: number, count: number) => {
      scene.sql(`UPDATE owners SET score = ${score} WHERE model = 'fraud'`)
      await scene.run(id)
      await eventually(async () =>
        expect((await scene.deliveries(id)).map(({ state }) => state)).toEqual(Array(count).fill('delivered')),
      )
    }
    try {
      await run(0.8, 1)
      await run(0.9, 2)
      scene.sql('UPDATE owners SET score = score - 1')
      await scene.run(id)
      await scene.run(id)
      const ends = (await arrived(4)).filter(({ subject }) => subject.startsWith('[RESOLVED'))
      expect(ends.map(({ envelope }) => envelope.to).toSorted()).toEqual([['ann@example.com'], ['bob@example.com']])
    } finally {
      scene.sql("UPDATE owners SET score = CASE model WHEN 'churn' THEN 0.9 WHEN 'fraud' THEN 0.8 ELSE 0.1 END")
    }
  })

  test('carries files that the channel or the route asks for, and says what it may not', async () => {
    const attachments = [
      { type: 'result', format: 'csv', rows: 'alerts' },
      { type: 'file', path: '/etc/passwd' },
      { type: 'file', path: `${reports}/how.txt` },
    ]
    const id = await rule({}, { to: 'ops@example.com', attachments }, { name: 'With files' })
    await scene.run(id)
    const [mail] = await arrived(1)
    expect(mail?.attachments.map(({ filename, contentType }) => [filename, contentType])).toEqual([
      ['with-files.csv', 'text/csv'],
      ['how.txt', 'text/plain'],
    ])
    expect(mail?.attachments[0]?.content.toString()).toContain('churn,0.9,ann@example.com,red')
    expect(mail?.text).toContain(
      '/etc/passwd is not in a folder of which files may be sent. Add its folder to attachments.paths.',
    )
  })

  test('carries the log of the run it is about', async () => {
    const world = runWorld(scene)
    const name = `Mail ${++number}`
    const settings = { host: '127.0.0.1', port: server.port, tls: 'none', sender: 't@example.com', to: 'o@example.com' }
    await scene.api('POST', '/channels', { name, kind: 'mail', settings })
    const routes = [{ channel: name, settings: { attachments: [{ type: 'log', name: '{{ run.name }}.log' }] } }]
    await scene.api('POST', '/rules', { name, routes, runs: { name: 'train' }, when: ['error'] })
    await world.tell('run-1', { name: 'train', state: 'error', log: 'epoch 3\nKilled' })
    const [mail] = await arrived(1)
    expect(mail?.attachments.map(({ filename, content }) => [filename, content.toString()])).toEqual([
      ['train.log', 'epoch 3\nKilled'],
    ])
  })

  test('leaves out a file that is too large, says so, and goes all the same', async () => {
    writeFileSync(join(reports, 'large.bin'), Buffer.alloc(1_100_000))
    const attachments = ['large.bin', 'how.txt'].map((name) => ({ type: 'file', path: join(reports, name) }))
    await scene.run(await rule({}, { to: 'ops@example.com', attachments }))
    const [mail] = await arrived(1)
    expect(mail?.attachments.map(({ filename }) => filename)).toEqual(['how.txt'])
    expect(mail?.text).toMatch(/large\.bin is larger than what may go along \(1100000 of \d+ bytes\)/)
  })

  test('is previewed with its files named but not given', async () => {
    const attachments = [{ type: 'file', path: `${reports}/how.txt` }]
    const id = await rule({ settings: { to: { fromColumn: 'email' }, attachments } })
    const { messages } = await scene.api<{ messages: Input[] }>('POST', `/rules/${id}/preview`)
    expect(messages[0]?.['settings']).toMatchObject({ to: ['ann@example.com', 'bob@example.com'] })
    const file = { name: 'how.txt', contentType: 'text/plain', content: '' }
    expect(messages[0]).toMatchObject({ message: { attachments: [file] }, rendered: { attachments: [file] } })
  })

  test('to an address outside of the allowed domains is refused, with the address', async () => {
    const id = await rule({ settings: { to: { fromColumn: 'email' } } }, { authorizedDomain: 'example.org' })
    await scene.run(id)
    await eventually(async () => {
      const [delivery] = await scene.deliveries(id)
      expect(delivery?.state).toBe('rejected')
      expect(delivery?.reason?.detail).toContain(
        'ann@example.com, bob@example.com: only mail to example.org is allowed',
      )
    })
    expect(server.mails).toEqual([])
  })

  test('that one of several people cannot get reaches the others', async () => {
    server.behave({ recipient: (address) => (address.startsWith('ann') ? [550, 'no such user'] : undefined) })
    const id = await rule({ settings: { to: { fromColumn: 'email', each: true } } })
    await scene.run(id)
    await eventually(async () => {
      const all = await scene.deliveries(id)
      expect(all.map(({ recipient, state }) => [recipient, state]).toSorted()).toEqual([
        ['ann@example.com', 'rejected'],
        ['bob@example.com', 'delivered'],
      ])
    })
  })
})
