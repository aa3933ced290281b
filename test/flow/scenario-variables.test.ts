import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Input, type Scene, startScene } from '../support/scene.ts'

let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene({ baseUrl: 'https://tocsin.test' })
  world = runWorld(scene)
})
afterAll(() => scene[Symbol.asyncDispose]())

const began = Date.UTC(2025, 11, 31, 5)
/** A run of a scenario as its end is told. */
const sample: Input = {
  kind: 'scenario',
  state: 'error',
  startedAt: began,
  endedAt: began + 90_000,
  parameters: { region: 'north', outcome: 'not this' },
  log: 'last line',
  trigger: {
    name: 'every night',
    type: 'temporal',
    params: { expectedStart: '2025-12-31T05:00:00Z' },
    time: began - 1000,
    runId: 'tr-1',
  },
  steps: [
    {
      id: 's1',
      name: 'count',
      state: 'completed',
      startedAt: began,
      endedAt: began + 10_000,
      results: { rows: [[42]] },
    },
    {
      id: 's2',
      name: 'Step #2',
      state: 'error',
      startedAt: began + 10_000,
      endedAt: began + 80_000,
      error: 'disk full',
      results: { firstFailedJobName: 'Build_x' },
    },
  ],
}

describe('row 7: variables of a sample run', () => {
  const cases: [formula: string, shown: string][] = [
    ['scenarioName', 'nightly'],
    ['scenarioProjectKey', 'default'],
    ['projectKey', 'default'],
    ['outcome', 'FAILED'],
    ['triggerName', 'every night'],
    ['scenarioRunURL', 'https://tocsin.test/projects/default/runs/v1'],
    ['dssURL', 'https://tocsin.test'],
    ['parseJson(scenarioTriggerParams).expectedStart', '2025-12-31T05:00:00Z'],
    ['scenarioTriggerParam_expectedStart', '2025-12-31T05:00:00Z'],
    ['scenarioTriggerTime', String(began - 1000)],
    ['scenarioTriggerRunId', 'tr-1'],
    ['stepOutcomes["Step #2"]', 'FAILED'],
    ['stepOutcome_count', 'SUCCESS'],
    ['stepOutcome_Step #2', 'FAILED'],
    ['val("stepOutcome_Step #2")', 'FAILED'],
    ['variables["stepOutcome_Step #2"]', 'FAILED'],
    ['parseJson(stepResults).count.type', 'STEP_DONE'],
    ['stepResult_count.target.stepId', 's1'],
    ["parseJson(stepOutput_count)['rows'][0][0]", '42'],
    ['firstFailedJobName', 'Build_x'],
    ['firstFailedStepName', 'Step #2'],
    ['firstFailedStepError', 'disk full'],
    ['join(failedSteps, ",")', 'Step #2'],
    ['durationMs', '90000'],
    ['duration', '1m30s'],
    ['endTime - startTime', '90000'],
    ['runId', 'v1'],
    ['logTail', 'last line'],
    ['region', 'north'],
    ["if(outcome == 'FAILED', 'attention', 'default')", 'attention'],
    ['?nowhere', ''],
    // Paths of the instance would tell where it is installed.
    ['val("dip.home", "not given")', 'not given'],
    ['val("dku.install.dir", "not given")', 'not given'],
  ]
  let shown: string[]
  beforeAll(async () => {
    await world.rule('variables', {
      runs: { name: 'nightly' },
      when: ['end'],
      condition: {
        dialect: 'formula',
        text: `outcome != 'SUCCESS' && val("stepOutcome_Step #2") == 'FAILED' && region == 'north'`,
      },
      message: { engine: 'formula', summary: cases.map(([formula]) => `\${${formula}}`).join(' ¦ ') },
    })
    await world.tell('v1', { name: 'nightly', ...sample })
    const [event] = await scene.delivered(1, 'variables')
    shown = (event?.data.summary ?? '').split(' ¦ ')
  })
  for (const [index, [formula, text]] of cases.entries())
    test(`\${${formula}}`, () => expect(shown[index]?.replaceAll('\\', '')).toBe(text))
})

describe('conditions of scenarios', () => {
  test('row 5: tell four outcomes apart, a warning by the word of its sender', async () => {
    for (const outcome of ['SUCCESS', 'WARNING', 'FAILED', 'ABORTED'])
      await world.rule(`is-${outcome}`, {
        runs: { name: 'four' },
        when: ['end'],
        condition: { dialect: 'formula', text: `outcome == '${outcome}'` },
        message: { engine: 'formula', title: `\${outcome} of \${runId}` },
      })
    await world.tell('ok', { name: 'four', state: 'completed' })
    await world.tell('warned', { name: 'four', state: 'completed', outcome: 'WARNING' })
    await world.tell('failed', { name: 'four', state: 'error' })
    await world.tell('stopped', { name: 'four', state: 'aborted' })
    expect(await world.titles('is-SUCCESS', 1)).toEqual(['SUCCESS of ok'])
    expect(await world.titles('is-WARNING', 1)).toEqual(['WARNING of warned'])
    expect(await world.titles('is-FAILED', 1)).toEqual(['FAILED of failed'])
    expect(await world.titles('is-ABORTED', 1)).toEqual(['ABORTED of stopped'])
  })

  test('row 6: the words "or" and "and" between conditions are refused with the mend', async () => {
    await scene.channel('words')
    const refused = scene.api('POST', '/rules', {
      name: 'words',
      runs: {},
      when: ['end'],
      condition: { dialect: 'formula', text: "outcome == 'FAILED' or outcome == 'ABORTED'" },
      routes: [{ channel: 'words' }],
    })
    await expect(refused).rejects.toThrow("'or' is not an operator of the formula language: write ||")
  })

  test('names that no run has are warned of, since a parameter may have them', async () => {
    await scene.channel('near')
    const { warnings } = await scene.api<{ warnings: string[] }>('POST', '/rules', {
      name: 'near',
      runs: {},
      when: ['end'],
      condition: { dialect: 'formula', text: "outcme == 'FAILED' && stepOutcome_a == 'SUCCESS'" },
      routes: [{ channel: 'near' }],
    })
    expect(warnings.filter((text) => text.includes('There is no name'))).toEqual([
      expect.stringContaining('There is no name "outcme" unless the run has a parameter or variable of this name.'),
    ])
  })

  test('row 18: an undefined variable costs no message; it is named', async () => {
    await world.rule('undefined', {
      runs: { name: 'undef' },
      when: ['end'],
      message: { engine: 'formula', summary: `Hello \${nobody}` },
    })
    await world.tell('u1', { name: 'undef', state: 'completed' })
    const [event] = await scene.delivered(1, 'undefined')
    expect(JSON.stringify(event?.data)).toContain('nobody')
  })
})
