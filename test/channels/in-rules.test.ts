import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FakeGit, startFakeGit } from '../support/fake-git.ts'
import { MINUTE, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

/** Channels as rules use them, in a whole daemon. */
let scene: Scene
let fake: FakeGit
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-in-rules-'))
  scene = await startScene({ 'shell.allow': folder })
  fake = await startFakeGit('github')
  const settings = { repository: 'acme/models', issue: 1, token: 'canary-token', apiUrl: fake.url, platform: 'github' }
  await scene.api('POST', '/channels', { name: 'Issue', kind: 'git', settings })
  await scene.api('POST', '/channels', { name: 'Inbox', kind: 'inbox' })
  const script = join(folder, 'note.sh')
  writeFileSync(script, `#!/bin/sh\necho "$SCORE|$TOCSIN_TYPE|$TOCSIN_TITLE" >> ${folder}/notes\n`, { mode: 0o755 })
  await scene.api('POST', '/channels', { name: 'Script', kind: 'shell', settings: { script } })
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await fake.close()
  rmSync(folder, { recursive: true, force: true })
})

const states = async (rule: string) => (await scene.deliveries(rule)).map(({ kind, state }) => `${kind}: ${state}`)

describe('a comment', () => {
  const route = { channel: 'Issue', settings: { issue: '{{ 3 | plus: 4 }}', comment: 'update' } }

  test('on an issue that a template names is changed when the alert ends', async () => {
    const act = await scene.act({ routes: [route], message: { title: 'Score of {{ query_result.name }}' } })
    await act.run()
    await eventually(async () => expect(await states(act.rule)).toEqual(['firing: delivered']))
    expect(fake.comments.at(-1)?.body).toContain(`Score of ${act.name}`)
    act.set(0.1)
    scene.pass(MINUTE)
    await act.run()
    await eventually(async () => expect(await states(act.rule)).toEqual(['firing: delivered', 'resolved: delivered']))
    expect(fake.comments).toHaveLength(1)
    expect(fake.comments[0]?.body).toContain('✅')
  })

  test("in the rule's own words takes values for text, whatever they look like", async () => {
    const body = { engine: 'liquid', text: '**Look** @owner: {{ "@all **now**" }} {{ "@ops" | raw }}' }
    const act = await scene.act({ routes: [{ channel: 'Issue', settings: { issue: '7' }, body }] })
    await act.run()
    await eventually(async () => {
      scene.pass(MINUTE)
      expect(await states(act.rule)).toEqual(['firing: delivered'])
    })
    expect(fake.comments.at(-1)?.body).toContain('**Look** @owner: @\u200ball \\*\\*now\\*\\* @ops')
  })

  test('whose answer was lost is not written twice, and is changed later all the same', async () => {
    const before = fake.comments.length
    const act = await scene.act({ routes: [route] })
    fake.next('reset', 'late')
    await act.run()
    await eventually(async () => expect(await states(act.rule)).toEqual(['firing: pending']))
    await eventually(async () => {
      scene.pass(10_000)
      expect(await states(act.rule)).toEqual(['firing: delivered'])
    })
    expect(fake.comments).toHaveLength(before + 1)
    act.set(0.1)
    await act.run()
    await eventually(async () => {
      scene.pass(MINUTE)
      expect(await states(act.rule)).toEqual(['firing: delivered', 'resolved: delivered'])
    })
    expect(fake.comments).toHaveLength(before + 1)
    expect(fake.comments.at(-1)?.body).toContain('✅')
  })
})

test('a program gets values of the row in its environment', async () => {
  const settings = { environment: { SCORE: '{{ query_result.score }}; $(id)' } }
  const act = await scene.act({ routes: [{ channel: 'Script', settings }], message: { title: 'Too high' } })
  await act.run()
  await eventually(async () => expect(await states(act.rule)).toEqual(['firing: delivered']))
  expect(readFileSync(join(folder, 'notes'), 'utf8')).toBe('0.9; $(id)|alert.firing|Too high\n')
})

test('what is fixed of a channel is no template, also inside a rule', async () => {
  const script = join(folder, '{{ rows[0].name }}.sh')
  writeFileSync(script, `#!/bin/sh\necho fixed >> ${folder}/fixed\n`, { mode: 0o755 })
  const shell = { kind: 'shell', settings: { command: [script, '{{ rows[0].name }}'] } }
  const overrideBody = { text: 'runs: {{ runs }}', other: '{{ rows }}' }
  const hook = { kind: 'webhook', settings: { url: `${scene.receiver.url}/own-body`, overrideBody } }
  const act = await scene.act({ routes: [{ channel: shell }, { channel: hook }] })
  await act.run()
  await eventually(async () => expect(await states(act.rule)).toEqual(['firing: delivered', 'firing: delivered']))
  expect(readFileSync(join(folder, 'fixed'), 'utf8')).toBe('fixed\n')
  const { body } = scene.receiver.received.find(({ path }) => path === '/own-body') ?? expect.unreachable()
  expect(JSON.parse(body)).toEqual({ text: 'runs: []', other: '{{ rows }}' })
  const route = { channel: 'Script', settings: { command: ['/bin/sh', '-c', '{{ rows[0].name }}'] } }
  await expect(scene.rule({ routes: [route] })).rejects.toThrow('can only be set in the channel itself')
})

test('the inbox has what a rule tells', async () => {
  const act = await scene.act({ routes: [{ channel: 'Inbox' }], message: { title: 'Look at this' } })
  await act.run()
  const { items } = await eventually(async () => {
    const page = await scene.api<{ items: { title: string; ruleId: string; rule: string }[] }>('GET', '/inbox')
    expect(page.items).toHaveLength(1)
    return page
  })
  expect(items).toMatchObject([{ title: 'Look at this', ruleId: act.rule, rule: act.name }])
})
