import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'

let daemon: InProcess
beforeAll(async () => {
  daemon = await startInProcess()
})
afterAll(() => daemon.stop())

const PATH = '/api/v1/deliveries/local'
const report = (more: object = {}) => ({
  id: 'msg_00000000000000000001',
  run: { uid: 'run-1', name: 'nightly' },
  notification: 'on-error',
  kind: 'slack',
  destination: 'https://hooks.slack.com#1234',
  message: { title: 'Run failed', severity: 'error', table: { columns: ['name'], rows: [['nightly']] } },
  state: 'delivered',
  attempt: { startedAt: 1000, finishedAt: 1500, outcome: 'delivered', reason: 'delivered', response: '200 ok' },
  ...more,
})
const post = (items: unknown, token?: string, path = PATH) =>
  daemon.call<Record<string, unknown>>('POST', path, { deliveries: items }, token)
const read = (id: string, token?: string) => daemon.call('GET', `/api/v1/deliveries/${id}`, undefined, token)

describe('deliveries that a client made by itself', () => {
  test('are stored with their one attempt, and only once', async () => {
    expect((await post([report(), report()])).body).toEqual({ stored: 1, duplicates: 1 })
    const changed = report({ state: 'rejected', detail: 'another story' })
    expect((await post([changed])).body).toEqual({ stored: 0, duplicates: 1 })
    expect((await read('msg_00000000000000000001')).body).toMatchObject({
      local: true,
      state: 'delivered',
      ruleId: null,
      kind: 'run',
      createdAt: 1000,
      finishedAt: 1500,
      fingerprints: ['["nightly","run-1"]'],
      target: { kind: 'slack', channelId: null, settings: {} },
      message: { title: 'Run failed', rule: 'on-error', table: { rows: [['nightly']] } },
      attempts: [{ number: 1, startedAt: 1000, finishedAt: 1500, outcome: 'delivered', response: '200 ok' }],
    })
  })

  test('are never of a later time than their arrival, or clearing up would wait for it', async () => {
    const id = 'msg_00000000000000000002'
    const attempt = { ...report().attempt, startedAt: 9e14, finishedAt: 9e14 }
    await post([report({ id, attempt })])
    const { createdAt, finishedAt } = (await read(id)).body as { createdAt: number; finishedAt: number }
    expect([createdAt <= daemon.clock.now(), finishedAt <= daemon.clock.now()]).toEqual([true, true])
  })

  test('that failed stay as they are: alone, in bulk, and after a restart', async () => {
    const id = 'msg_00000000000000000003'
    const attempt = { ...report().attempt, outcome: 'retryable', reason: 'http-500', response: '500' }
    await post([report({ id, state: 'rejected', detail: 'The receiver answered 500.', attempt })])
    const refusal = await daemon.call('POST', `/api/v1/deliveries/${id}/retry`)
    expect([refusal.status, refusal.body['message']]).toEqual([
      409,
      `Delivery ${id} was sent by a client, which alone has its settings. Send it again from there.`,
    ])
    const bulk = { action: 'retry', filter: { states: ['rejected'] } }
    expect((await daemon.call('POST', '/api/v1/deliveries/bulk', bulk)).body).toMatchObject({ changed: 0 })
    const { lines } = (await daemon.call<{ lines: string[] }>('GET', `/api/v1/explain/${id}`)).body
    expect(lines.join('\n')).toContain('The receiver answered 500.')
    await daemon.restart()
    expect((await read(id)).body).toMatchObject({
      state: 'rejected',
      local: true,
      attempts: [{ reason: 'http-500' }],
      reason: { text: 'The receiver refused the message for good: The receiver answered 500.' },
    })
  })

  test('belong to the project that was told of them', async () => {
    const token = await daemon.token('other', 'editor', 'elsewhere')
    const id = 'msg_00000000000000000004'
    const path = '/api/v1/projects/elsewhere/deliveries/local'
    expect((await post([report({ id })], token, path)).status).toBe(200)
    expect((await read(id)).status).toBe(404)
    expect((await post([report({ id })], token)).status).toBe(403)
    // The id of another project's is taken; nothing of it shows or changes.
    expect((await post([report({ notification: 'mine' })], token, path)).body).toEqual({ stored: 0, duplicates: 1 })
    expect((await read('msg_00000000000000000001')).body).toMatchObject({ message: { rule: 'on-error' } })
    const viewer = await daemon.token('reader', 'viewer')
    expect((await post([report()], viewer)).status).toBe(403)
  })

  test.each([
    ['id', { id: 'mine' }, 'deliveries.0.id'],
    ['kind', { kind: 'pigeon' }, 'deliveries.0.kind'],
    ['state', { state: 'pending' }, 'deliveries.0.state'],
    ['run', { run: { uid: '', name: 'x' } }, 'deliveries.0.run.uid'],
    ['unknown key', { settings: { token: 'x' } }, 'deliveries.0.settings'],
    ['message', { message: { title: 'x', body: 'y' } }, 'deliveries.0.message.body'],
    ['time', { attempt: { ...report().attempt, startedAt: 'now' } }, 'deliveries.0.attempt.startedAt'],
  ])('a faulty %s is refused by its path', async (_name, more, path) => {
    const { status, body } = await post([report(more)])
    expect(status).toBe(400)
    expect(body['issues']).toEqual([expect.objectContaining({ path })])
  })
})
