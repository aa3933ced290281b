import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Scene, startScene } from '../support/scene.ts'

let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene({ baseUrl: 'https://tocsin.test' })
  world = runWorld(scene)
})
afterAll(() => scene[Symbol.asyncDispose]())

describe('messages about runs', () => {
  test('tell what happened, of which run, for how long, and why', async () => {
    const rule = await world.rule('train-fails', { runs: { name: 'train-*' }, when: ['error'] })
    const began = scene.daemon.clock.now()
    await world.tell('t1', { name: 'train-churn', state: 'running', labels: { team: 'ml' }, host: 'gpu-3' })
    scene.pass(192_000)
    await world.tell('t1', {
      state: 'error',
      error: { message: 'out of memory', type: 'MemoryError' },
      log: 'epoch 3\nKilled',
      results: { epochs: 3 },
      steps: [
        { name: 'load', state: 'completed' },
        { name: 'fit', state: 'error', error: 'out of memory' },
      ],
    })
    const [event] = await scene.delivered(1, 'train-fails')
    expect(event?.type).toBe('run')
    expect(event?.data).toMatchObject({
      title: '[FAILED] train-churn',
      severity: 'error',
      summary: 'The job "train-churn" failed after 3m12s: out of memory',
      code: 'epoch 3\nKilled',
      links: [{ text: 'Open the run', url: 'https://tocsin.test/projects/default/runs/t1' }],
      rule: 'train-fails',
    })
    const facts = Object.fromEntries((event?.data.facts ?? []).map(({ name, value }) => [name, value]))
    expect(facts).toEqual({
      Run: 'train-churn (t1)',
      State: 'error',
      Started: `${new Date(began).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
      Duration: '3m12s',
      'First failed step': 'fit: out of memory',
      Error: 'out of memory',
      Host: 'gpu-3',
      Labels: 'team=ml',
      'Result epochs': '3',
    })
    expect(event?.data.table?.rows.map((row) => row.slice(0, 2))).toEqual([
      ['fit', 'error'],
      ['load', 'completed'],
    ])
    expect(await scene.explain(rule)).toContain('The run came to what the rule is for: error.')
  })

  test('come once for each state, whatever is told twice', async () => {
    await world.rule('once', { runs: { name: 'once' }, when: ['start', 'end'] })
    const event = { id: 'e1', name: 'once', state: 'running' }
    expect((await world.tell('o1', event)).results[0]?.status).toBe('applied')
    expect((await world.tell('o1', event)).results[0]?.status).toBe('duplicate')
    await world.tell('o1', { state: 'running' })
    await world.tell('o1', { id: 'e2', state: 'completed' })
    await world.tell('o1', { state: 'completed' })
    // An end is left only by a newer attempt.
    await world.tell('o1', { state: 'running' })
    expect(await world.titles('once', 2)).toEqual(['[STARTED] once', '[COMPLETED] once'])
    await world.tell('o1', { attempt: 2, state: 'running' })
    expect(await world.titles('once', 3)).toContain('[STARTED] once')
    expect(await scene.api('GET', '/runs/o1')).toMatchObject({ state: 'running', attempt: 2 })
  })

  test('follow name, kind, labels and trigger of the rule', async () => {
    await world.rule('picky', {
      runs: { name: 'load-?', kind: 'pipeline', labels: { env: 'prod*' }, trigger: 'nightly' },
      when: ['end'],
    })
    const right = {
      name: 'load-a',
      kind: 'pipeline',
      labels: { env: 'prod-eu' },
      trigger: 'nightly',
      state: 'completed',
    }
    const wrong = [
      { name: 'load-ab' },
      { kind: 'job' },
      { labels: { env: 'test' } },
      { labels: {} },
      { trigger: 'by hand' },
      { trigger: undefined },
      { state: 'running' },
    ]
    await world.tellAll(wrong.map((change, number) => ({ uid: `wrong${number}`, ...right, ...change })))
    await world.tell('right', right)
    expect(await world.titles('picky', 1)).toEqual(['[COMPLETED] load-a'])
  })

  test('are written by templates of the rule, and by its own severity', async () => {
    await world.rule('words', {
      runs: { name: 'words' },
      when: ['completed'],
      severity: 'critical',
      message: {
        title: '{{ name }} took {{ duration_seconds }} s on {{ run.host }}',
        summary: 'accuracy {{ results.accuracy }}, step {{ steps[0].name }}',
      },
    })
    await world.tell('w1', { name: 'words', host: 'h1', startedAt: '2026-01-01T00:00:00Z', state: 'running' })
    await world.tell('w1', {
      state: 'completed',
      endedAt: '2026-01-01T00:00:01.500Z',
      results: { accuracy: 0.75 },
      steps: [{ name: 'fit', state: 'completed' }],
    })
    const [event] = await scene.delivered(1, 'words')
    expect(event?.data).toMatchObject({
      title: 'words took 1.5 s on h1',
      summary: 'accuracy 0.75, step fit',
      severity: 'critical',
    })
  })

  test('tell of steps where the rule asks for them', async () => {
    await world.rule('steps', { runs: { name: 'etl' }, when: [{ step: 'load*', states: ['error', 'skipped'] }] })
    await world.tell('s1', {
      name: 'etl',
      kind: 'pipeline',
      state: 'running',
      steps: [{ name: 'load-a', state: 'running' }],
    })
    await world.tell('s1', {
      steps: [
        { name: 'load-a', state: 'error', error: 'disk full' },
        { name: 'check', state: 'error' },
      ],
    })
    const [event] = await scene.delivered(1, 'steps')
    expect(event?.data.title).toBe('[FAILED] etl: load-a')
    expect(event?.data.summary).toContain('The step "load-a" of "etl" failed')
    expect(event?.data.summary).toContain('disk full')
  })
})

describe('what went before', () => {
  const fail = (uid: string) => world.tell(uid, { name: 'flaky', state: 'error' })
  const succeed = (uid: string) => world.tell(uid, { name: 'flaky', state: 'completed' })

  test('decides on first failures, failures in a row and recovery', async () => {
    await world.rule('first', { runs: { name: 'flaky' }, when: ['first-failure'] })
    const thrice = await world.rule('thrice', { runs: { name: 'flaky' }, when: [{ failures: 3 }] })
    await world.rule('well', { runs: { name: 'flaky' }, when: ['recovered'] })
    await succeed('f0')
    for (const uid of ['f1', 'f2', 'f3', 'f4']) {
      scene.pass(1000)
      await fail(uid)
    }
    await world.tell('f5', { name: 'flaky', state: 'aborted' })
    scene.pass(1000)
    await succeed('f6')
    await succeed('f7')
    await fail('f8')
    expect(await world.titles('first', 2)).toEqual(['[FAILED] flaky', '[FAILED] flaky'])
    expect(await world.titles('thrice', 1)).toEqual(['[FAILED:3] flaky'])
    expect(await world.titles('well', 1)).toEqual(['[RECOVERED] flaky'])
    const verdicts = (await scene.evaluations(thrice)).map(({ verdict, trace }) => [verdict, trace.run?.uid])
    expect(verdicts.reverse()).toEqual([
      ['false', 'f1'],
      ['false', 'f2'],
      ['true', 'f3'],
      ['false', 'f4'],
      ['false', 'f8'],
    ])
  })

  test('counts attempts of one run as well', async () => {
    await world.rule('again', { runs: { name: 'again' }, when: ['recovered', { failures: 2 }] })
    await world.tell('a1', { name: 'again', attempt: 1, state: 'error' })
    await world.tell('a1', { attempt: 2, state: 'error' })
    await world.tell('a1', { attempt: 3, state: 'completed' })
    expect(await world.titles('again', 2)).toEqual(['[FAILED:2] again', '[RECOVERED] again'])
  })
})

describe('conditions on runs', () => {
  test('see the run, its results and its steps', async () => {
    await world.rule('worse', {
      runs: { name: 'score' },
      when: ['completed'],
      condition: { text: 'results["accuracy"] < 0.8 and labels["env"] == "prod" and duration >= 0' },
    })
    const event = { name: 'score', state: 'completed', labels: { env: 'prod' }, startedAt: '2026-01-01T00:00:00Z' }
    await world.tell('c1', { ...event, results: { accuracy: 0.9 } })
    await world.tell('c2', { ...event, results: { accuracy: 0.7 } })
    const [event2] = await scene.delivered(1, 'worse')
    expect(event2?.data.alerts[0]?.fingerprint).toBe('c2')
  })

  test('that cannot be decided are told as errors, with what is missing, unless the rule says otherwise', async () => {
    const condition = { text: 'results["acuracy"] < 0.8' }
    const rule = await world.rule('broken', { runs: { name: 'odd' }, when: ['completed'], condition })
    await world.rule('sent', { runs: { name: 'odd' }, when: ['completed'], condition, onConditionError: 'send' })
    const quiet = await world.rule('quiet', {
      runs: { name: 'odd' },
      when: ['completed'],
      condition,
      onConditionError: 'skip',
    })
    await world.tell('b1', { name: 'odd', state: 'completed', results: { accuracy: 0.9 } })
    const [error] = await scene.delivered(1, 'broken')
    expect(error?.data).toMatchObject({ kind: 'error', title: '[ERROR] odd', severity: 'error' })
    expect(error?.data.summary).toContain('accuracy')
    expect(await world.titles('sent', 1)).toEqual(['[COMPLETED] odd'])
    expect(await scene.explain(quiet)).toContain('The condition could not be decided')
    expect(await scene.explain(rule)).toContain('accuracy')
    expect(scene.arrived('quiet')).toEqual([])
  })

  test('are checked when the rule is saved', async () => {
    const rule = { name: 'bad', runs: {}, when: ['error'], condition: { text: 'resuls["x"] > 1' } }
    const { status, body } = await scene.daemon.call('POST', '/api/v1/rules', rule)
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain('Did you mean')
    expect(JSON.stringify(body)).toContain('condition.text')
  })
})

describe('routes of rules on runs', () => {
  test('take starts or ends, ask conditions of their own, and keep quiet for a while', async () => {
    await scene.channel('Starts')
    await scene.channel('Prod')
    const rule = await world.rule('routed', {
      runs: { name: 'routed' },
      when: ['change'],
      suppressionMinutes: 10,
      routes: [
        { name: 'starts', channel: 'Starts', when: ['start'] },
        { name: 'prod', channel: 'Prod', when: ['end'], condition: { text: 'labels["env"] == "prod"' } },
      ],
    })
    const run = async (uid: string, env: string) => {
      await world.tell(uid, { name: 'routed', state: 'running', labels: { env } })
      await world.tell(uid, { state: 'completed' })
    }
    await run('r1', 'test')
    expect(await world.titles('Starts', 1)).toEqual(['[STARTED] routed'])
    scene.pass(60_000)
    await run('r2', 'prod')
    expect(await world.titles('Prod', 1)).toEqual(['[COMPLETED] routed'])
    expect(scene.arrived('Starts')).toHaveLength(1)
    const words = (await scene.evaluations(rule)).flatMap((evaluation) => evaluation.words).join('\n')
    expect(words).toContain('Suppressed after the last delivered message')
    expect(words).toContain("The route's own condition was false")
    expect(words).toContain('The route does not want this kind of message: start')
    scene.pass(10 * 60_000)
    await run('r3', 'test')
    expect(await world.titles('Starts', 2)).toHaveLength(2)
  })

  test('nobody is told of what came before the rule, nor while it is paused', async () => {
    await world.tell('p0', { name: 'paused', state: 'running' })
    scene.pass(1)
    const rule = await world.rule('pausing', { runs: { name: 'paused' }, when: ['change'] })
    await world.tell('p0', { labels: { now: 'known' } })
    await world.tell('p0', { state: 'completed' })
    await scene.api('POST', `/rules/${rule}/pause`)
    await world.tell('p1', { name: 'paused', state: 'completed' })
    await scene.api('POST', `/rules/${rule}/resume`)
    scene.pass(1)
    await world.tell('p2', { name: 'paused', state: 'aborted' })
    expect((await world.titles('pausing', 2)).sort()).toEqual(['[ABORTED] paused', '[COMPLETED] paused'])
  })
})

describe('why, and why not', () => {
  test('is explained for a run, by every rule that may be about it', async () => {
    await world.rule('told-of', { runs: { name: 'explained' }, when: ['error'] })
    await world.rule('not-so', { runs: { name: 'explained' }, when: [{ failures: 3 }] })
    await world.rule('elsewhere', { runs: { name: 'explained', labels: { env: 'prod' } }, when: ['error'] })
    await world.rule('later', { runs: { name: 'explained' }, when: ['completed'] })
    scene.pass(1)
    await world.tell('why', { name: 'explained', state: 'running' })
    await world.tell('why', { state: 'error', error: 'broke' })
    const words = await scene.explain('why')
    expect(words).toContain('The job "explained" (why) is error')
    expect(words).toContain('Rule "told-of" decided on "error"')
    expect(words).toContain('The run "explained" (why) came to "error".')
    expect(words).toContain('The runs before this one are not those the rule is for')
    expect(words).toContain('Rule "elsewhere" has not decided on it: it has no label "env".')
    expect(words).toContain('Rule "later" has not decided on it: the run has come to nothing that the rule is for.')
    expect(await scene.explain('told-of')).toContain('It tells of runs named "explained" when: error.')
  })

  test('a trial shows the message about the latest such run, or about one that is made up', async () => {
    await scene.channel('Trial')
    const rule = { name: 'trial', runs: { name: 'tried-*' }, when: ['first-failure'], routes: [{ channel: 'Trial' }] }
    interface Preview {
      verdict: string
      messages: { message: { title: string; summary: string } }[]
    }
    const preview = () => scene.api<Preview>('POST', '/rules/preview', rule)
    expect((await preview()).messages[0]?.message.title).toBe('[FAILED] tried-example')
    await world.tell('tried', { name: 'tried-a', state: 'error', error: 'real' })
    expect((await preview()).messages[0]?.message).toMatchObject({
      title: '[FAILED] tried-a',
      summary: 'The job "tried-a" failed: real',
    })
    expect(scene.arrived('Trial')).toEqual([])
  })
})
