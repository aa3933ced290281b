import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Trace } from '../../src/model/evaluation.ts'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Input, MINUTE, type Scene, startScene } from '../support/scene.ts'

const folder = mkdtempSync(join(tmpdir(), 'tocsin-variables-'))
let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene({ 'shell.allow': folder })
  world = runWorld(scene)
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

let number = 0
/** A script of this text that counts its starts; gives its path. */
function script(text: string): string {
  number += 1
  const path = join(folder, `script${number}`)
  writeFileSync(path, `#!/bin/sh\necho x >> ${path}.starts\n${text}\n`, { mode: 0o755 })
  return path
}
function starts(path: string): number {
  try {
    return readFileSync(`${path}.starts`, 'utf8').split('\n').length - 1
  } catch {
    return 0
  }
}
const variables = (...list: Input[]) => scene.api('PUT', '/projects/default/variables', { variables: list })

/** What a text becomes in a message about a run that ended, and what the trace says besides. */
async function told(text: string, event: Input = {}, definition: Input = {}) {
  number += 1
  const name = `told${number}`
  const message = { engine: 'formula', title: text }
  const id = await world.rule(name, { runs: { name }, when: ['end'], message, ...definition })
  await world.tell(name, { name, state: 'completed', ...event })
  const [sent] = await scene.delivered(1, name)
  const [evaluation] = await scene.evaluations(id)
  return { name, title: sent?.data.title ?? '', facts: sent?.data.facts ?? [], trace: evaluation?.trace as Trace }
}
const reasons = ({ trace }: { trace: Trace }) =>
  trace.reasons.flatMap(({ code, detail }) => (code === 'variable-missing' ? [detail ?? ''] : []))

describe('a script of variables', () => {
  test('gets the run and the variables before it, and prints variables for those after it', async () => {
    const kept = join(folder, 'input.json')
    const path = script(`cat > ${kept}; echo '{"owner": "ann", "team": {"room": 7}}'; echo noise >&2`)
    await variables(
      { name: 'base', value: 20 },
      { command: [path, '--flag'], defines: ['owner', 'team'] },
      { name: 'whose', formula: "concat(owner, '@', team.room)" },
    )
    const shown = await told(`\${owner} \${team.room} \${whose}`, { parameters: { region: 'north' } })
    expect(shown.title).toBe('ann 7 ann@7')
    expect(reasons(shown)).toEqual([])
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toMatchObject({
      run: { name: shown.name, state: 'completed', parameters: { region: 'north' } },
      variables: { base: 20, region: 'north', outcome: 'SUCCESS', scenarioName: shown.name },
    })
  })

  test("decides in conditions of the rule and of its routes, and the run's own variables stay above it", async () => {
    await variables({ command: [script(`echo '{"calm": 1, "region": "moon"}'`)], defines: ['calm', 'region'] })
    const condition = { dialect: 'formula', text: "calm == 1 && region == 'north'" }
    await scene.channel('routed')
    const shown = await told(`\${region}`, { parameters: { region: 'north' } }, { condition })
    expect(shown.title).toBe('north')
    const route = { channel: 'routed', condition: { dialect: 'formula', text: 'calm == 2' } }
    const id = await world.rule('closed', { runs: { name: 'closed' }, when: ['end'], routes: [route] })
    await world.tell('closed', { name: 'closed', state: 'completed' })
    const [evaluation] = await scene.evaluations(id)
    expect(evaluation?.trace.routes).toMatchObject([{ reason: { code: 'route-condition-false' } }])
  })

  test('is started only where one of its variables may be used, and once for all rules that ask on one event', async () => {
    const path = script(`echo '{"ticket": 42}'`)
    await variables({ command: [path], defines: ['ticket'] })
    await told(`\${scenarioName}`)
    expect(starts(path)).toBe(0)
    await world.rule('one', { runs: { name: 'shared' }, when: ['end'], message: { title: '{{ ticket }}' } })
    await world.rule('two', { runs: { name: 'shared' }, when: ['end'], message: { summary: '{{ ticket }} too' } })
    await world.tell('shared', { name: 'shared', state: 'completed' })
    expect(await world.titles('one', 1)).toEqual(['42'])
    expect((await scene.delivered(1, 'two'))[0]?.data.summary).toBe('42 too')
    expect(starts(path)).toBe(1)
    expect((await told(`\${val(concat('tic', 'ket'))}`)).title).toBe('42')
    expect(starts(path)).toBe(2)
  })

  test('leaves what it does not print at what was given before it', async () => {
    await variables(
      { name: 'owner', value: 'ops' },
      { command: [script(`echo '{"other": 1, "more": 2}'`)], defines: ['owner', 'other'] },
    )
    expect((await told(`\${owner} \${other} \${?more}.`)).title).toBe('ops 1 .')
  })

  const bad: [what: string, text: string, reason: RegExp][] = [
    ['an exit code', 'echo "{}"; echo no such host >&2; exit 3', /exit code 3\. It wrote: .*no such host/],
    ['a signal', 'kill -KILL $$', /was ended by SIGKILL/],
    ['no output', 'exit 0', /printed nothing; it must print a JSON object/],
    ['what is no JSON', 'echo "owner = ann"', /printed what is not JSON/],
    ['a list', 'echo "[1]"', /must print a JSON object of variables/],
    ['null', 'echo null', /must print a JSON object of variables/],
    ['two objects', 'echo "{}{}"', /printed what is not JSON/],
    ['more than is kept', `head -c 70000 /dev/zero | tr '\\0' 1`, /printed more than 64 kB/],
    ['nesting without end', `head -c 60000 /dev/zero | tr '\\0' '['`, /printed what is not JSON|levels/],
    [
      'values that are nested too deep',
      `printf '{"owner":'; head -c 20000 /dev/zero | tr '\\0' '['; head -c 20000 /dev/zero | tr '\\0' ']'; echo '}'`,
      /nested/,
    ],
  ]
  for (const [what, text, reason] of bad)
    test(`costs no message by ${what}; message and trace name the reason`, async () => {
      await variables({ command: [script(text)], defines: ['owner'] })
      const shown = await told(`For \${owner}`)
      expect(shown.title).toBe(`[COMPLETED] ${shown.name}`)
      expect(reasons(shown)).toEqual([expect.stringMatching(reason)])
      const { value = '' } = shown.facts.find(({ name }) => name === 'Template error') ?? {}
      expect(value).toContain('owner')
      expect(value).toMatch(reason)
    })

  test('that does not end is ended with all it started, and is then left alone for a minute', async () => {
    const path = script('sleep 600 & sleep 600')
    await variables({ name: 'owner', value: 'ops' }, { command: [path], defines: ['owner'], timeoutSeconds: 1 })
    const shown = await told(`For \${owner}`)
    expect(shown.title).toBe('For ops')
    expect(reasons(shown)).toEqual([expect.stringContaining('did not end within 1 s and was ended')])
    expect(reasons(await told(`For \${owner}`))).toEqual([expect.stringContaining('is left alone until')])
    expect(starts(path)).toBe(1)
    scene.pass(MINUTE + 1)
    await told(`For \${owner}`)
    expect(starts(path)).toBe(2)
  })

  test('that is gone by then is named', async () => {
    const path = script('echo "{}"')
    await variables({ command: [path], defines: ['owner'] })
    rmSync(path)
    const shown = await told(`For \${owner}`)
    expect(reasons(shown)).toEqual([expect.stringContaining('is not there')])
  })

  test('steers nothing by the names it prints, and its values stay text', async () => {
    const path = script(
      `printf '{"__proto__": {"owner": "p"}, "constructor": 1, "owner": "<b>$(id)</b> *x* \\\\u0000"}'`,
    )
    await variables({ command: [path], defines: ['owner', 'constructor'] })
    const body = { engine: 'formula', text: `{"who": "\${owner}"}` }
    const name = 'steers'
    await scene.channel(name)
    await scene.api('POST', '/rules', { name, runs: { name }, when: ['end'], routes: [{ channel: name, body }] })
    await world.tell(name, { name, state: 'completed' })
    const [sent] = await scene.delivered(1, name)
    expect((sent as unknown as { who: string }).who).toMatch(/^<b>\$\(id\)<\/b> \*x\* \0$/)
  })

  test('is run for a trial and for a message sent by hand, too', async () => {
    const path = script(`echo '{"owner": "ann"}'`)
    await variables({ command: [path], defines: ['owner'] })
    const draft = { name: 'trial', runs: {}, when: ['end'], routes: [{ channel: 'Ops' }] }
    const message = { engine: 'formula', title: `\${owner}` }
    const preview = await scene.api<{ messages: { message: { title: string } }[] }>('POST', '/rules/preview', {
      ...draft,
      message,
    })
    expect(preview.messages[0]?.message.title).toBe('ann')
    await world.tell('by-hand', { name: 'by hand', state: 'running' })
    const send = (title: string) =>
      scene.daemon.call('POST', '/api/v1/channels/Ops/send?wait=true', { run: 'by-hand', message: { title } })
    await send(`\${owner}`)
    expect(scene.arrived('Ops').at(-1)?.data.title).toBe('ann')
    await variables({ command: [script('exit 9')], defines: ['owner'] })
    await send(`\${owner}`)
    expect(scene.arrived('Ops').at(-1)?.data.facts).toEqual([
      { name: 'Template error', value: expect.stringContaining('owner') },
      { name: 'Missing variable', value: expect.stringContaining('exit code 9') },
    ])
  })

  const refused: [what: string, variable: Input, message: string][] = [
    [
      'a program the operator has not allowed',
      { command: ['/bin/true'], defines: ['a'] },
      'shell: {allow: [/bin/true]}',
    ],
    ['a path that is not whole', { command: ['true'], defines: ['a'] }, 'must begin with a whole path'],
    ['no names', { command: [`${folder}/x`], defines: [] }, 'must name the variables that it prints'],
    ['a name that is none', { command: [`${folder}/x`], defines: ['a b'] }, 'must begin with a letter'],
    ['too long a time', { command: [`${folder}/x`], defines: ['a'], timeoutSeconds: 31 }, 'must be 30 seconds at most'],
  ]
  for (const [what, variable, message] of refused)
    test(`is refused for ${what}`, async () => {
      const answer = await scene.daemon.call('PUT', '/api/v1/variables', { variables: [variable] })
      expect(answer.status).toBe(400)
      expect(JSON.stringify(answer.body)).toContain(message)
    })

  test('is known to the check of a rule by the names it defines', async () => {
    await variables({ command: [script('echo "{}"')], defines: ['known'] })
    const { warnings } = await scene.api<{ warnings: string[] }>('POST', '/rules', {
      name: 'checked',
      runs: {},
      when: ['end'],
      condition: { dialect: 'formula', text: 'known > 0 && knwn > 0' },
      routes: [{ channel: 'Ops' }],
    })
    expect(warnings.filter((warning) => /no name "known"/.test(warning))).toEqual([])
    expect(warnings.join('\n')).toContain('"knwn"')
  })
})
