import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MINUTE, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

/** Waits until the rule has so many evaluations; newest first. */
const evaluated = (rule: string, count: number) =>
  eventually(async () => {
    const found = await scene.evaluations(rule)
    expect(found).toHaveLength(count)
    return found
  })
const pause = (rule: string) => scene.api('POST', `/rules/${rule}/pause`)

describe('a rule', () => {
  test('runs at its times by cron in its zone', async () => {
    // 2026-01-01, 00:00 UTC is 09:00 in Tokyo.
    const begin = new Date(scene.daemon.clock.now())
    const minute = (begin.getUTCMinutes() + 5) % 60
    const one = await scene.act({ schedule: { cron: `${minute} 9 * * *`, timezone: 'Asia/Tokyo' } })
    const { nextDueAt } = await scene.api<{ nextDueAt: number }>('GET', `/rules/${one.rule}`)
    expect(new Date(nextDueAt).toISOString()).toBe(`2026-01-01T00:0${minute}:00.000Z`)
    scene.pass(nextDueAt - scene.daemon.clock.now())
    const [first] = await evaluated(one.rule, 1)
    expect(first?.trace).toMatchObject({ cause: 'schedule', scheduledAt: nextDueAt, missedTicks: 0 })
    await pause(one.rule)
  })

  test('does not run while it is paused, does by hand, and goes on with its next tick', async () => {
    const one = await scene.act({ schedule: { every: '1m' } })
    await pause(one.rule)
    await scene.daemon.crash(() => scene.pass(10 * MINUTE))
    expect(await scene.explain(one.rule)).toContain('It is paused')
    expect(await one.run()).toMatchObject({ trace: { cause: 'manual' } })
    scene.pass(10 * MINUTE)
    await scene.api('POST', `/rules/${one.rule}/resume`)
    scene.pass(MINUTE)
    const [latest] = await evaluated(one.rule, 2)
    expect(latest?.trace).toMatchObject({ cause: 'schedule', missedTicks: 0 })
    await pause(one.rule)
  })

  test('killed between the claim of a tick and its storing runs it again, and tells once', async () => {
    const one = await scene.act({ schedule: { every: '1m' } })
    const release = scene.hold()
    scene.pass(MINUTE)
    const due = () => scene.daemon.store.rules.nextDue()
    await eventually(async () => expect(await due()).toBeNull())
    await scene.daemon.crash(release)
    const evaluations = await evaluated(one.rule, 1)
    expect(evaluations[0]?.trace).toMatchObject({ cause: 'catch-up', missedTicks: 0 })
    expect(evaluations[0]?.trace.reasons[0]?.code).toBe('daemon-was-down')
    await one.told(1)
    await pause(one.rule)
  })

  test('that hangs says at its next tick that it did', async () => {
    const one = await scene.act({ schedule: { every: '5s' } })
    const release = scene.hold()
    scene.pass(5000)
    await eventually(async () => expect(await scene.daemon.store.rules.nextDue()).toBeNull())
    scene.pass(17_000)
    release()
    const found = await eventually(async () => {
      const evaluations = await scene.evaluations(one.rule)
      expect(evaluations.length).toBeGreaterThanOrEqual(2)
      return evaluations
    })
    expect(found.at(-2)?.trace.reasons[0]).toMatchObject({
      code: 'still-running',
      detail: '2 further ticks were left out',
    })
    await pause(one.rule)
  })
})
