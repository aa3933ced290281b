import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Input, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

setDefaultTimeout(60_000)

let scene: Scene
let world: RunWorld
beforeEach(async () => {
  scene = await startScene()
  world = runWorld(scene)
})
afterEach(() => scene[Symbol.asyncDispose]())

/** The same chance for every run of the test. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

/** The lives of so many runs, in the order they came to pass; each event bears its own time. */
function stream(count: number, begin: number): Input[] {
  const random = chance(7)
  const events: Input[] = []
  for (let number = 0; number < count; number += 1) {
    const uid = `run-${number}`
    let time = begin + number * 10
    const tell = (event: Input) => {
      time += 1 + Math.floor(random() * 50)
      events.push({ uid, id: `${uid}-${time}`, time, ...event })
    }
    tell({ name: `job-${number % 5}`, state: 'pending', labels: { team: number % 2 === 0 ? 'a' : 'b' } })
    tell({ state: 'running', steps: [{ name: 'load', state: 'running' }] })
    tell({ steps: [{ name: 'load', state: random() < 0.3 ? 'error' : 'completed' }], results: { rows: number } })
    tell({ results: { score: number % 10 } })
    const fails = random() < 0.4
    tell(fails ? { state: 'error', error: 'broke' } : { state: 'completed' })
    if (!fails || random() < 0.5) continue
    tell({ attempt: 2, state: 'running' })
    tell({ attempt: 2, state: 'completed' })
  }
  return events.sort((a, b) => Number(a['time']) - Number(b['time']))
}

const rules: [name: string, definition: Input][] = [
  ['starts', { runs: { name: 'job-*' }, when: ['start'] }],
  ['ends', { runs: { name: 'job-1' }, when: ['end'] }],
  ['labelled', { runs: { labels: { team: 'a' } }, when: ['error', 'completed'] }],
  // What was not heard of yet must not be an error: a later event may bring it, and the rule is asked again then.
  ['scored', { runs: { name: 'job*' }, when: ['completed'], condition: { text: 'results.get("score", 0) > 6' } }],
  ['steps', { runs: { name: 'job-?' }, when: [{ step: 'load', states: ['error'] }] }],
]

/** What rules told of the stream: which rule, of which run, of what; each once. */
async function messages(events: readonly Input[]): Promise<string[]> {
  // Queries of the past are not the rules' business, so they are made before the stream.
  for (const [name, definition] of rules) await world.rule(name, definition)
  scene.pass(1)
  for (let at = 0; at < events.length; at += 50) await world.tellAll(events.slice(at, at + 50))
  await eventually(async () => {
    const counts = await scene.api<{ items: unknown[] }>('GET', '/deliveries?state=pending,sending&limit=1')
    expect(counts.items).toEqual([])
  })
  return rules
    .flatMap(([name]) =>
      scene.arrived(name).map(({ data }) => {
        const facts = Object.fromEntries(data.facts.map((fact) => [fact.name, fact.value]))
        const [alert] = data.alerts
        // How long a run took is told as far as it is known by then.
        return [name, alert?.fingerprint, data.title, facts['Attempt'] ?? 1].join('|')
      }),
    )
    .sort()
}

const BEGIN = Date.UTC(2026, 0, 1)
const events = stream(60, BEGIN)
let straight: string[]

test('a stream in order is told of', async () => {
  straight = await messages(events)
  expect(straight.length).toBeGreaterThan(100)
  expect(new Set(straight).size).toBe(straight.length)
})

for (const seed of [1, 2, 3])
  test(`duplicates and another order change no message and no state (${seed})`, async () => {
    const random = chance(seed)
    const mixed = [...events, ...events.filter(() => random() < 0.5)]
      .map((event) => ({ event, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ event }) => event)
    expect(await messages(mixed)).toEqual(straight)
    const run = await scene.api<{ state: string; results: object }>('GET', '/runs/run-3')
    expect(run.results).toEqual({ rows: 3, score: 3 })
  })

test('an order turned round changes none either', async () => {
  expect(await messages(events.toReversed())).toEqual(straight)
})
