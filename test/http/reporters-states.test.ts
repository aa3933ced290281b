import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene()
  world = runWorld(scene)
})
afterAll(() => scene[Symbol.asyncDispose]())

interface States {
  reportersStates: {
    reporterName: string
    evaluationId: string
    channel: string | null
    messagingType: string
    activated: boolean
    error: { message?: string }
    messages: { messages: { state: string; title: string }[] }
    started: number
    ended: number | null
  }[]
}
const states = async (uid: string) => (await scene.api<States>('GET', `/runs/${uid}/reportersStates`)).reportersStates

describe('row 20: what each reporter did for a run', () => {
  test('is told with its activation, error, messages and times', async () => {
    const formula = (text: string) => ({ dialect: 'formula', text })
    const about = { runs: { name: 'told' }, when: ['end'] }
    await world.rule('sends', { ...about, condition: formula("outcome == 'FAILED'") })
    await world.rule('does-not', { ...about, condition: formula("outcome == 'SUCCESS'") })
    await world.rule('cannot', { ...about, condition: formula('nowhere == 1'), onConditionError: 'skip' })
    await world.rule('at-start', { runs: { name: 'told' }, when: ['start'] })
    await world.tell('t1', { name: 'told', state: 'error' })
    await scene.delivered(1, 'sends')
    await eventually(async () => {
      const [sends] = (await states('t1')).filter(({ reporterName }) => reporterName === 'sends')
      expect(sends).toMatchObject({
        messagingType: 'webhook',
        channel: 'sends',
        evaluationId: expect.stringMatching(/^evl_/),
        activated: true,
        error: {},
        messages: { messages: [{ title: '[FAILED] told', state: 'delivered', attempts: 1 }] },
        state: 'error',
        step: null,
      })
      expect(sends?.ended).toBeGreaterThanOrEqual(sends?.started ?? Number.POSITIVE_INFINITY)
    })
    const others = (await states('t1')).filter(({ reporterName }) => reporterName !== 'sends')
    expect(others.map(({ reporterName, activated }) => [reporterName, activated]).toSorted()).toEqual([
      ['cannot', false],
      ['does-not', false],
    ])
    expect(others.find(({ reporterName }) => reporterName === 'cannot')?.error.message).toContain('nowhere')
    expect(others.every(({ messages }) => messages.messages.length === 0)).toBe(true)
  })

  test('row 15: names the failure of a receiver that answers no 2xx', async () => {
    await world.rule('refused', { runs: { name: 'refused' }, when: ['end'] })
    scene.receiver.reply(() => ({ status: 404, body: 'nothing here' }))
    await world.tell('r1', { name: 'refused', state: 'completed' })
    await eventually(async () => {
      const [refused] = await states('r1')
      expect(refused?.messages.messages[0]?.state).toBe('rejected')
      expect(refused?.error.message).toContain('404')
    })
    scene.receiver.reply(() => ({ status: 200 }))
  })

  test('is empty for a run no rule is about, and refused for a run nobody told of', async () => {
    await world.tell('quiet', { name: 'quiet', state: 'completed' })
    expect(await states('quiet')).toEqual([])
    await expect(states('quiet2')).rejects.toThrow('There is no run')
  })
})
