import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { notifiedRun } from '../support/mlrun.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

interface Block {
  type: string
  text?: { type: string; text: string }
  fields?: { text: string }[]
  elements?: { text: string }[]
}

let daemon: InProcess
let receiver: Receiver
let number = 0
beforeAll(async () => {
  ;[daemon, receiver] = await Promise.all([startInProcess(), startReceiver()])
})
afterAll(async () => {
  await daemon.stop()
  await receiver.close()
})

/** The blocks that Slack gets when a run comes to a state. */
async function blocksOf(event: Record<string, unknown>, changes: Record<string, unknown> = {}): Promise<Block[]> {
  number += 1
  const path = `/hook-${number}`
  const run = await notifiedRun(daemon, { kind: event['kind'] ?? 'job' })
  const when = ['completed', 'error', 'aborted', 'running']
  const given = { kind: 'slack', name: '', when, params: { webhook: `${receiver.url}${path}` }, ...changes }
  expect((await run.set([given])).status).toBe(200)
  await run.tell(event)
  await run.settled('sent')
  const [request] = receiver.received.filter((one) => one.path === path)
  const { blocks, attachments = [] } = JSON.parse(request?.body ?? '')
  return [...blocks, ...attachments.flatMap((one: { blocks: Block[] }) => one.blocks)]
}

const fieldsIn = (blocks: Block[]) =>
  blocks.flatMap(({ fields }) => (fields === undefined ? [] : [fields.map(({ text }) => text)]))
const step = (id: number, more: Record<string, unknown> = {}) => ({
  id: `s${id}`,
  name: `step-${id}`,
  state: 'completed',
  ...more,
})

describe('§8.6 Slack', () => {
  test('the header, the name where there is one, then the run', async () => {
    const [header, ...rest] = await blocksOf({ state: 'completed' }, { message: 'test-message' })
    const text = '[info] Run completed in project rows: test-message'
    expect(header).toEqual({ type: 'header', text: { type: 'plain_text', text, emoji: true } } as never)
    expect(
      rest.filter(({ type }) => type === 'section').map(({ fields }) => fields?.map((field) => field.text)),
    ).toEqual([['*Runs*', '*Results*', ':smiley:  test-run', 'completed']])
    const named = await blocksOf({ state: 'completed' }, { name: 'my name', severity: 'warning' })
    expect(named[0]?.text?.text).toBe('[warning] Run completed in project rows')
    expect(named.flatMap(({ text: shown }) => shown?.text ?? [])).toContain('my name')
  })
  // §2.6 lets the rest follow in a section; here the section has the whole.
  const start = '[info] Run completed in project rows: '
  test.each([
    [150, false],
    [151, true],
  ])('a text of %d characters: a section beside the header %p', async (length, isParted) => {
    const message = 'x'.repeat(length - start.length)
    const [header, ...rest] = await blocksOf({ state: 'completed' }, { message })
    expect(header?.text?.text.length).toBe(150)
    expect(header?.text?.text.startsWith(start)).toBe(true)
    const whole = rest.flatMap(({ text }) => text?.text ?? []).filter((text) => text === `${start}${message}`)
    expect(whole).toHaveLength(isParted ? 1 : 0)
  })

  const rows: [row: string, event: Record<string, unknown>, fields: string[]][] = [
    ['run completed, no results', { state: 'completed' }, [':smiley:  test-run', 'completed']],
    ['run completed, results', { state: 'completed', results: { a: 1, b: 'x' } }, [':smiley:  test-run', 'a=1, b=x']],
    ['run error, no error text', { state: 'error' }, [':x:  test-run', '*error*']],
    ['run error with text', { state: 'error', error: 'oops' }, [':x:  test-run', '*oops*']],
    ['aborted has a sign of its own', { state: 'aborted' }, [':octagonal_sign:  test-run', 'aborted']],
    ['running, of a pipeline', { state: 'running', kind: 'pipeline' }, [':man-running:  test-run', 'running']],
    [
      'with an address',
      { state: 'completed', url: 'https://ui.example/run?a=1|2' },
      [':smiley:  <https://ui.example/run?a=1%7C2|*test-run*>', 'completed'],
    ],
  ]
  test.each(rows)('%s', async (_, event, fields) => {
    expect(fieldsIn(await blocksOf(event))).toEqual([['*Runs*', '*Results*', ...fields]])
  })

  test('3 runs fill a section of 8 fields; the 4th begins the second', async () => {
    const three = fieldsIn(await blocksOf({ state: 'completed', kind: 'pipeline', steps: [step(1), step(2)] }))
    expect(three.map((fields) => fields.length)).toEqual([8])
    const four = fieldsIn(await blocksOf({ state: 'completed', kind: 'pipeline', steps: [step(1), step(2), step(3)] }))
    expect(four.map((fields) => fields.length)).toEqual([8, 2])
    expect(four[1]?.[0]).toBe(':smiley:  step-3')
  })
  test('steps bear their kind; those that were skipped or ran nothing have no link', async () => {
    const url = 'https://ui.example/s'
    const steps = [
      step(1, { kind: 'run', url }),
      step(2, { kind: 'deploy', url }),
      step(3, { state: 'skipped', url }),
      step(4, { state: 'error', error: 'bad' }),
    ]
    const texts = fieldsIn(await blocksOf({ state: 'error', kind: 'pipeline', steps })).flat()
    expect(texts).toContain(`:smiley:  <${url}|*step-1*> *(run)*`)
    expect(texts).toContain(':smiley:  step-2 *(deploy)*')
    expect(texts).toContain(':zzz:  step-3')
    expect(texts.slice(-2)).toEqual([':x:  step-4', '*bad*'])
  })

  test('nothing of a run is mark-up, a link or a mention', async () => {
    const blocks = await blocksOf(
      { name: '<!channel> & *co*', state: 'error', error: '<https://evil.example|here> *bold*' },
      { name: '<@U1>', message: '<!here>' },
    )
    const text = JSON.stringify(blocks)
    expect(text).not.toMatch(/<[!@h]/)
    expect(blocks[0]?.text?.text).toContain('&lt;!here&gt;')
    expect(text).toContain('&lt;!channel&gt; &amp;')
  })
  test('a pipeline of many steps with long errors stays within the limits, and says what was left out', async () => {
    const long = 'x'.repeat(5000)
    const steps = Array.from({ length: 300 }, (_, index) => step(index, { state: 'error', error: long }))
    const blocks = await blocksOf(
      { state: 'error', kind: 'pipeline', steps, error: long },
      { message: long, name: long },
    )
    expect(blocks.length).toBeLessThanOrEqual(50)
    expect(JSON.stringify(blocks).length).toBeLessThan(15_000)
    const texts = fieldsIn(blocks).flat()
    expect(texts.length).toBeGreaterThan(4)
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(2000)
    const remarks = blocks.flatMap(({ elements }) => (elements ?? []).map(({ text }) => text))
    expect(remarks.join('\n')).toMatch(/\d\d\d more runs: \d+ error/)
  })
})
