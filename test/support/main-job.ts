import { expect } from 'bun:test'
import type { Evaluation, RouteDecision } from '../../src/model/evaluation.ts'
import type { Daemon } from './executable.ts'
import { startReceiver } from './receiver.ts'
import { eventually } from './servers.ts'

/** A database outside with a table `drift (model, score)` of one row. */
export interface Watched {
  kind: string
  settings: Record<string, unknown>
  setScore(score: number): Promise<void>
}

interface Event {
  type: string
  data: { title: string; alerts: { value: string }[]; traceUrl?: string }
}

interface ShownEvaluation extends Evaluation {
  words: string[]
}

/** ms within which a rule that is due every five seconds must have acted. */
const SOON = 20_000

/**
 * The main job through the API of a running daemon: a rule fires, its message arrives, it stays quiet while suppressed,
 * it resolves, and everything explains itself.
 */
export async function mainJob(daemon: Daemon, watched: Watched): Promise<void> {
  const receiver = await startReceiver()
  const name = watched.kind
  const rule = (title: string, more: Record<string, unknown>) =>
    daemon.api<{ id: string }>('POST', '/rules', {
      name: `${title} on ${name}`,
      connection: name,
      query: 'SELECT model, score FROM drift',
      schedule: { every: '5s' },
      condition: { dialect: 'python', text: 'query_result["score"] > 0.3' },
      message: { title: '{{ query_result.model }} at {{ query_result.score }}' },
      routes: [{ channel: `${title} of ${name}` }],
      ...more,
    })
  const channel = (title: string) =>
    daemon.api('POST', '/channels', {
      name: `${title} of ${name}`,
      kind: 'webhook',
      settings: { url: `${receiver.url}/${title}` },
    })
  const arrived = (title: string) =>
    receiver.received.filter(({ path }) => path === `/${title}`).map(({ body }) => JSON.parse(body) as Event)

  try {
    await watched.setScore(0.1)
    await daemon.api('POST', '/connections', { name, kind: watched.kind, settings: watched.settings })
    await Promise.all([channel('told'), channel('throttled')])
    const told = await rule('told', {})
    const throttled = await rule('throttled', { notify: 'every', suppressionMinutes: 10 })
    const idle = await run(daemon, told.id)
    expect(idle.verdict).toBe('false')
    expect(arrived('told')).toEqual([])

    await watched.setScore(0.42)
    await eventually(() => expect(arrived('told')).toHaveLength(1), SOON)
    expect(arrived('told')[0]).toMatchObject({ type: 'alert.firing', data: { title: 'churn at 0.42' } })
    await eventually(() => expect(arrived('throttled')).toHaveLength(1), SOON)

    await firingIsExplained(daemon, told.id, `told on ${name}`)
    await eventually(async () => expect((await run(daemon, throttled.id)).reason).toBe('suppressed-until'), SOON)
    expect(arrived('throttled')).toHaveLength(1)

    await watched.setScore(0.1)
    await eventually(() => expect(arrived('told')).toHaveLength(2), SOON)
    expect(arrived('told')[1]).toMatchObject({ type: 'alert.resolved' })
    expect(arrived('throttled')).toHaveLength(1)
  } finally {
    await receiver.close()
  }
}

/** Evaluates a rule now: its verdict, and what became of its only route. */
async function run(daemon: Daemon, rule: string): Promise<{ verdict: string; reason: string | undefined }> {
  const { evaluation } = await daemon.api<{ evaluation: string }>('POST', `/rules/${rule}/run`)
  const { verdict, trace } = await daemon.api<ShownEvaluation>('GET', `/evaluations/${evaluation}`)
  return { verdict, reason: trace?.routes[0]?.reason.code }
}

/** From the delivery one gets to its evaluation and back, and the words say why it was sent. */
async function firingIsExplained(daemon: Daemon, rule: string, name: string) {
  const delivery = await eventually(async () => {
    const { items } = await daemon.api<{ items: { id: string; state: string; evaluationId: string }[] }>(
      'GET',
      `/deliveries?rule=${rule}`,
    )
    expect(items).toMatchObject([{ state: 'delivered' }])
    return items[0]
  })
  const evaluation = await daemon.api<ShownEvaluation>('GET', `/evaluations/${delivery?.evaluationId}`)
  expect(evaluation).toMatchObject({ verdict: 'true', value: '0.42' })
  expect(evaluation.trace?.transitions).toMatchObject([{ before: 'normal', after: 'firing' }])
  const queued = evaluation.trace?.routes.find(({ deliveryId }: RouteDecision) => deliveryId === delivery?.id)
  expect(queued?.reason.code).toBe('queued')

  expect(daemon.run('explain', name)).toMatchObject({ code: 0, out: expect.stringContaining('The condition was true') })
  const told = daemon.run('explain', delivery?.id ?? '')
  expect(told.out).toContain('delivered')
  expect(told.out).toContain(evaluation.id)
}
