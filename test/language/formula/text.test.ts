import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { checkTemplate, renderBody, renderMarkdown, renderTemplate } from '../../../src/language/template.ts'
import { TemplateError } from '../../../src/language/template-error.ts'
import { parseVariables, type Variables } from '../../../src/language/template-value.ts'

const variables = parseVariables(
  JSON.stringify({
    outcome: 'FAILED',
    scenarioName: 'say "hi" \\ <b>\n&',
    count: 1234,
    none: null,
    start: 1_586_945_472_000,
    id: '007',
    list: { a: ['x', 'y', 'z'] },
    text: '{"a": 1}',
    'stepOutcome_Step #2': 'SUCCESS',
    'stepOutcome_load or wait': 'ABORTED',
  }),
)

const rendered = (text: string) => renderTemplate('formula', text, variables)

async function failure(text: string, given: Variables = variables): Promise<string> {
  const error = await renderTemplate('formula', text, given).then(String, (thrown: unknown) => thrown)
  if (error instanceof TemplateError) return error.message
  throw new Error(`${text} can be rendered`)
}

describe('variable-based expansion', () => {
  const rows: [template: string, text: string][] = [
    ['plain', 'plain'],
    ['run ended ${outcome}!', 'run ended FAILED!'],
    ["${if(outcome == 'FAILED', 'attention', 'default')}", 'attention'],
    ['${count} ${count * 1.0} ${count / 8}', '1234 1234 154.25'],
    ['${id} ${id + 1}', '007 8'],
    ['[${?missing}]', '[]'],
    ['[${?outcome}]', '[FAILED]'],
    ['${missing|default:nobody knows}', 'nobody knows'],
    ["${missing|default:don't know} ${outcome}", "don't know FAILED"],
    ['${outcome|default:x}', 'FAILED'],
    ['${none|default:empty}', 'empty'],
    ['${outcome|tolower}', 'failed'],
    ['${missing|default:yes|toupper}', 'YES'],
    ['${list|tojson}', '{"a":["x","y","z"]}'],
    ['${list|getornull:["a",2]}', 'z'],
    ['[${list|getornull:["b",2]}]', '[]'],
    ['${text|fromjson|getornull:["a"]}', '1'],
    ['${start|formatdate:yyyy-MM-dd}', '2020-04-15'],
    ['${start|formatdate:HH:mm}', '10:11'],
    ['${start|formatdate}', '2020-04-15 10:11:12.000'],
    ['${"a\\nb"|indent:4}', 'a\n    b'],
    ['$${name} costs $5 {x} ${outcome}', '${name} costs $5 {x} FAILED'],
    ['${"}"}', '}'],
    ['${outcome == "A" || outcome == "FAILED"}', 'true'],
    ['${stepOutcome_Step #2}', 'SUCCESS'],
    ['${stepOutcome_load or wait}', 'ABORTED'],
    ['${variables["stepOutcome_Step #2"]}', 'SUCCESS'],
    ['${strval("id")}', '007'],
    ['${list}', '{"a":["x","y","z"]}'],
    ['[${none}]', '[]'],
  ]
  for (const [template, text] of rows) test(template, async () => expect(await rendered(template)).toBe(text))

  const failing: [template: string, message: string][] = [
    ['a\n${outcom}', 'line 2: there is no variable "outcom". Did you mean "outcome"?'],
    ['${stepOutcome_Step #3}', 'there is no variable "stepOutcome_Step #3"'],
    ['${outcom + 1}', "There is no variable 'outcom'"],
    ['${1 / 0}', 'division by zero'],
    ['${outcome|shout}', 'there is no filter "shout"'],
    ['${outcome|constructor}', 'there is no filter "constructor"'],
    ['${outcome|fromjson}', 'the text is no JSON'],
    ['${outcome|formatdate}', 'formatdate needs a time'],
    ['${outcome|getornull:a}', 'getornull needs a list'],
    ['${outcome|indent:-1}', 'indent needs a number'],
    ['${foo(1)}', "There is no function 'foo'"],
    ['${outcome == 1 or true}', 'write ||'],
    ['${outcome', 'is never closed by }'],
    ['${}', '${}: The formula is empty.'],
  ]
  for (const [template, message] of failing)
    test(`${template} fails`, async () => expect(await failure(template)).toContain(message))

  test('a text has 250 ms and 1 MB', async () => {
    const many = '${forRange(0, 9000, 1, i, i)}'.repeat(50)
    expect(await failure(many)).toMatch(/too many steps|longer than 200 ms/)
    const large = { big: 'x'.repeat(60_000) }
    expect(await failure('${big}'.repeat(20), large)).toContain('longer than 1000000')
    expect(await failure('${a}'.repeat(50_001))).toContain('longer than 200000')
  })
})

describe('13 card JSON with formula leaves stays valid for hostile names', () => {
  test('a value cannot leave its string', async () => {
    const body = await renderBody('formula', '{"title": "${scenarioName}", "n": ${count}, "raw": "$${x}"}', variables)
    expect(body.contentType).toBe('application/json')
    expect(JSON.parse(body.text)).toEqual({ title: 'say "hi" \\ <b>\n&', n: 1234, raw: '${x}' })
  })

  test('formulas with escaped quotes, as they stand in JSON', async () => {
    const card = '{"color": "${if(outcome == \\"FAILED\\", \\"attention\\", \'good\')}", "name": "${scenarioName}"}'
    const body = await renderBody('formula', card, variables)
    expect(JSON.parse(body.text)).toEqual({ color: 'attention', name: 'say "hi" \\ <b>\n&' })
  })

  test('any value stays in its string', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
        const body = await renderBody('formula', '{"a": ["${name}", "x ${name|toupper}"]}', { name })
        expect(JSON.parse(body.text)).toEqual({ a: [name.toWellFormed(), `x ${name.toUpperCase()}`.toWellFormed()] })
      }),
    )
  })

  test('outside a string a value must be JSON', async () => {
    await expect(renderBody('formula', '{"a": ${outcome}}', variables)).rejects.toThrow('must render to JSON')
    expect((await renderBody('formula', '{"a": ${list|tojson}}', variables)).text).toBe('{"a": {"a":["x","y","z"]}}')
  })
})

test('marks of a value style nothing in Markdown', async () => {
  const values = { name: '*a* [b]', url: 'x y)' }
  expect(await renderMarkdown('formula', '*${name}* [see](https://h/${url})', values)).toBe(
    '*\\*a\\* \\[b\\]* [see](https://h/x%20y%29)',
  )
})

describe('when it is saved', () => {
  const known = new Set(['outcome', 'now'])
  test('unknown variables are warned about, with the line and the nearest', async () => {
    expect(await checkTemplate('formula', '${now()}\n${outcom} ${?none} ${none|default:x}', known)).toEqual({
      errors: [],
      warnings: ['line 2: there is no variable "outcom", and the text fails without it. Did you mean "outcome"?'],
    })
  })
  test('what cannot be read is an error', async () => {
    const { errors } = await checkTemplate('formula', 'a\n${lenght(outcome)}', known)
    expect(errors[0]?.message).toContain("line 2: ${lenght(outcome)}: There is no function 'lenght'")
  })
})

test('any text renders or fails with a message, in time', async () => {
  const pieces = fc.constantFrom(
    '${',
    '}',
    '$',
    '{',
    '|',
    ':',
    '"',
    "'",
    'outcome',
    '?',
    ' ',
    'default',
    '(',
    ')',
    '\\',
    '\n',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 40 }), async (list) => {
      const start = performance.now()
      await renderTemplate('formula', list.join(''), variables).catch((thrown: unknown) => {
        if (!(thrown instanceof TemplateError)) throw thrown
      })
      expect(performance.now() - start).toBeLessThan(250)
    }),
    { numRuns: 1000 },
  )
})
