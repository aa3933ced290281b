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

const put = (path: string, variables: Input[]) => scene.api('PUT', path, { variables })
const instance = (...variables: Input[]) => put('/variables', variables)
const project = (...variables: Input[]) => put('/projects/default/variables', variables)
let number = 0
/** What a text becomes in a message about a run. */
async function rendered(text: string, event: Input = {}, condition?: string): Promise<string | undefined> {
  const name = `vars${++number}`
  await world.rule(name, {
    runs: { name },
    when: ['end'],
    message: { engine: 'formula', title: text },
    ...(condition === undefined ? {} : { condition: { dialect: 'formula', text: condition } }),
  })
  await world.tell(name, { name, state: 'completed', ...event })
  return (await world.titles(name, 1))[0]
}

describe('variables', () => {
  test('of the run win over those of the project, these over those of the instance', async () => {
    await instance({ name: 'a', value: 'i' }, { name: 'b', value: 'i' }, { name: 'c', value: 'i' })
    await project({ name: 'b', value: 'p' }, { name: 'c', value: 'p' })
    expect(await rendered(`\${a}\${b}\${c}`, { parameters: { c: 'r' } }, "a == 'i' && b == 'p' && c == 'r'")).toBe(
      'ipr',
    )
    expect(await scene.api('GET', '/variables')).toMatchObject({
      variables: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    })
    expect(await scene.api('GET', '/projects/default/variables')).toEqual({
      variables: [
        { name: 'b', value: 'p' },
        { name: 'c', value: 'p' },
      ],
    })
  })

  test('that are formulas know the run and the variables before them', async () => {
    await instance({ name: 'base', value: 20 }, { name: 'twice', formula: 'base * 2' })
    await project({ name: 'sum', formula: 'twice + 2' }, { name: 'who', formula: "concat(scenarioName, ':', outcome)" })
    expect(await rendered(`\${sum} \${who}`)).toBe(`42 vars${number}:SUCCESS`)
  })

  test('whose formula fails are not there, and cost nothing else', async () => {
    await instance({ name: 'bad', formula: 'nowhere + 1' }, { name: 'good', value: 'still' })
    await project()
    expect(await rendered(`\${good} \${?bad}`)).toBe('still')
  })

  test('that a formula nests deeper than others can read cost themselves alone', async () => {
    await instance(
      { name: 'deep', formula: `parseJson('${'['.repeat(101)}${']'.repeat(101)}')` },
      { name: 'good', value: 'still' },
    )
    await project({ name: 'deeper', formula: '[deep]' }, { name: 'after', formula: "concat(good, '!')" })
    expect(await rendered(`\${?good}`)).toBe('still')
    await instance()
    await project()
  })

  test('are made only where a condition or text may use them; what fails then is in the trace', async () => {
    await instance({ name: 'bad', formula: 'nowhere + 1' })
    await project()
    const made = async (name: string, definition: Input) => {
      const id = await world.rule(name, { runs: { name }, when: ['end'], ...definition })
      await world.tell(name, { name, state: 'completed' })
      const [evaluation] = await scene.evaluations(id)
      return evaluation?.trace.reasons.map(({ code }) => code).includes('variable-missing')
    }
    const condition = { text: "state == 'completed'" }
    expect(await made('plain', { condition })).toBe(false)
    expect(await made('no-match', { when: ['error'], condition: { dialect: 'formula', text: 'true' } })).toBeUndefined()
    expect(await made('decided', { condition: { dialect: 'formula', text: "state == 'error'" } })).toBe(true)
    expect(await made('written', { condition, message: { title: '{{ name }}' } })).toBe(true)
    await instance()
  })

  test('that hold lists and objects are reached into', async () => {
    await project({ name: 'owners', value: { vars: ['ann', 'bob'] } })
    expect(await rendered(`\${owners.vars[1]} \${parseJson(owners).vars[0]}`)).toBe('bob ann')
  })

  test('say where runs are that bring no address along', async () => {
    const formula = "concat(dssURL, '/projects/', projectKey, '/runs/', runId)"
    await instance({ name: 'dssURL', value: 'https://dss.test' }, { name: 'scenarioRunURL', formula })
    await project()
    expect(await rendered(`\${scenarioRunURL}`)).toBe(`https://dss.test/projects/default/runs/vars${number}`)
    expect(await rendered(`\${scenarioRunURL}`, { url: 'https://own.test/7' })).toBe('https://own.test/7')
    await instance()
    const page = `https://tocsin.test/projects/default/runs/vars${number + 1}`
    expect(await rendered(`\${scenarioRunURL}`)).toBe(page)
  })

  test('are known to the check of a rule', async () => {
    await project({ name: 'known', value: 1 })
    const { warnings } = await scene.api<{ warnings: string[] }>('POST', '/rules', {
      name: 'checked',
      runs: {},
      when: ['end'],
      condition: { dialect: 'formula', text: 'known > 0 && knwn > 0' },
      message: { engine: 'formula', title: `\${known} \${unkown}` },
      routes: [{ channel: 'Ops' }],
    })
    expect(warnings.filter((warning) => /no (name|variable) "known"/.test(warning))).toEqual([])
    expect(warnings.join('\n')).toContain('"knwn"')
    expect(warnings.join('\n')).toContain('"unkown"')
  })

  const refused: [what: string, variables: unknown, message: string][] = [
    ['no list', {}, 'must be a list'],
    [
      'two of one name',
      [
        { name: 'a', value: 1 },
        { name: 'a', value: 2 },
      ],
      'two variables of one name',
    ],
    ['a name with a blank', [{ name: 'a b', value: 1 }], 'must begin with a letter'],
    ['__proto__', [{ name: '__proto__', value: 1 }], 'must not be __proto__'],
    ['neither value nor formula', [{ name: 'a' }], 'is missing'],
    ['both', [{ name: 'a', value: 1, formula: '1' }], 'unknown key'],
    ['a formula that is none', [{ name: 'a', formula: '1 +' }], 'variables.0.formula'],
    ['more than is kept', [{ name: 'a', value: 'x'.repeat(70_000) }], '64 kB'],
  ]
  for (const [what, variables, message] of refused)
    test(`are refused for ${what}`, async () => {
      const answer = await scene.daemon.call<unknown>('PUT', '/api/v1/variables', { variables })
      expect(answer.status).toBe(400)
      expect(JSON.stringify(answer.body).replaceAll('\\', '')).toContain(message)
    })
})
