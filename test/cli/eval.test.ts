import { expect, test } from 'bun:test'
import { runEval } from '../../src/cli/eval.ts'

async function run(expression: string, data = '{"query_result":{"cnt":3}}', dialect = 'python') {
  const lines: string[] = []
  const io = { readFile: () => data, print: (line: string) => lines.push(line), now: () => 1_700_000_000_000 }
  const code = await runEval({ dialect, data: 'data.json' }, expression, io)
  return { code, line: lines.join('\n') }
}

test('prints value and truth on one line', async () => {
  expect(await run('query_result["cnt"] > 0')).toEqual({ code: 0, line: '{"ok":true,"value":true,"truthy":true}' })
  expect(await run('query_results["cnt"] - 3')).toEqual({ code: 0, line: '{"ok":true,"value":0,"truthy":false}' })
})

test('takes expressions that begin with a minus sign', async () => {
  expect((await run('-query_result["cnt"]')).line).toBe('{"ok":true,"value":-3,"truthy":true}')
})

test('keeps the kind of numbers, shows big integers as text and tuples and sets as arrays', async () => {
  const data = '{"big":12345678901234567890,"whole":2.0,"text":"a\\nb"}'
  expect((await run('big + 1', data)).line).toBe('{"ok":true,"value":"12345678901234567891","truthy":true}')
  expect((await run('str(whole)', data)).line).toBe('{"ok":true,"value":"2.0","truthy":true}')
  expect((await run('whole', data)).line).toBe('{"ok":true,"value":2.0,"truthy":true}')
  expect((await run('(1, {2, 3}, [None, text])', data)).line).toBe(
    '{"ok":true,"value":[1,[2,3],[null,"a\\nb"]],"truthy":true}',
  )
})

test('prints errors with kind and place', async () => {
  expect(await run('1 +\\\n  query_result["cmt"]')).toEqual({
    code: 1,
    line: '{"ok":false,"error":{"kind":"KeyError","message":"There is no key \'cmt\'. Nearest: \'cnt\'.","line":2,"column":16}}',
  })
  expect(JSON.parse((await run('query_reslt')).line).error).toMatchObject({ kind: 'NameError', line: 1, column: 1 })
  expect(JSON.parse((await run('query_reslt')).line).error.message).toContain("Nearest: 'query_result'")
  expect(JSON.parse((await run('1 +')).line).error).toMatchObject({ kind: 'SyntaxError', column: 4 })
})

test('names what is wrong with its input', async () => {
  expect(JSON.parse((await run('1', '[1]')).line).error.message).toContain('must hold a JSON object of variables')
  expect(JSON.parse((await run('1', '{')).line).error.message).toContain('cannot be read as JSON')
  expect(JSON.parse((await run('1', '{}', 'perl')).line).error.message).toBe(
    '--dialect: must be "python", "formula" or "jinja", not "perl"',
  )
})

test('evaluates formulas, with their own truth', async () => {
  const data = '{"outcome":"FAILED","n":"007","flag":"False"}'
  expect((await run("outcome == 'FAILED' && n == 7", data, 'formula')).line).toBe(
    '{"ok":true,"value":true,"truthy":true}',
  )
  expect((await run('flag', data, 'formula')).line).toBe('{"ok":true,"value":"False","truthy":false}')
  expect((await run('abs(-7)', data, 'formula')).line).toBe('{"ok":true,"value":7.0,"truthy":true}')
  expect((await run('now()', data, 'formula')).line).toBe(
    '{"ok":true,"value":"2023-11-14T22:13:20.000Z","truthy":true}',
  )
  expect(JSON.parse((await run("outcome == 'A' or n == 1", data, 'formula')).line)).toEqual({
    ok: false,
    error: {
      kind: 'Refused',
      message: "'or' is not an operator of the formula language: write || (or the function or(a, b)).",
      line: 1,
      column: 16,
    },
  })
})

test('evaluates conditions of MLRun by its truth table, and says that it sends where one fails', async () => {
  const data = '{"run":{"status":{"results":{"drift":0.2}}},"notification":{"severity":"info"}}'
  expect(await run('{{ run.status.results.drift > 0.1 }}', data, 'jinja')).toEqual({
    code: 0,
    line: '{"ok":true,"rendered":"True","truthy":true}',
  })
  expect((await run('{{ notification.severity == "error" }}', data, 'jinja')).line).toBe(
    '{"ok":true,"rendered":"False","truthy":false}',
  )
  expect((await run('', data, 'jinja')).line).toBe('{"ok":true,"rendered":"","truthy":true}')
  expect((await run('{% if run %}off{% endif %}', data, 'jinja')).line).toBe(
    '{"ok":true,"rendered":"off","truthy":false}',
  )
  const { code, line } = await run('{{ run.status.results.drift > "a" }}', data, 'jinja')
  expect(code).toBe(1)
  expect(JSON.parse(line)).toMatchObject({ ok: false, truthy: true, error: { kind: 'TypeError', line: 1, column: 29 } })
  expect(JSON.parse((await run('1', '[', 'jinja')).line).error.kind).toBe('InvalidInput')
})
