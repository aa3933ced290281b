import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ErrorKind, Failure } from '../../../src/language/expression/failure.ts'
import { tokenize } from '../../../src/language/expression/lexer.ts'

/** Tokens as short texts: numbers with their type, texts in quotes, keywords in capitals. */
function tokens(text: string): string[] {
  return tokenize(text)
    .slice(0, -1)
    .map(({ kind, text: written, value }) => {
      if (kind === 'number') return typeof value === 'bigint' ? `${value}n` : String(value)
      if (kind === 'string') return JSON.stringify(written)
      return kind === 'keyword' ? written.toUpperCase() : written
    })
}

function failure(text: string): { kind: ErrorKind; at: number | undefined; message: string } {
  try {
    tokenize(text)
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown
    throw thrown
  }
  throw new Error(`${text} has tokens`)
}

describe('tokens', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['   \t\f ', []],
    ['# nothing else', []],
    ['a', ['a']],
    ['a.b', ['a', '.', 'b']],
    ['a . b', ['a', '.', 'b']],
    ['a.1', ['a', '0.1']],
    ['1.a', []],
    ['not a', ['NOT', 'a']],
    ['nota', ['nota']],
    ['is not in', ['IS', 'NOT', 'IN']],
    ['True true TRUE', ['TRUE', 'true', 'TRUE']],
    ['a<b<=c<<d', ['a', '<', 'b', '<=', 'c', '<<', 'd']],
    ['a**b*c//d/e', ['a', '**', 'b', '*', 'c', '//', 'd', '/', 'e']],
    ['a!=b==c', ['a', '!=', 'b', '==', 'c']],
    ['a---b', ['a', '-', '-', '-', 'b']],
    ['a:=b', ['a', ':=', 'b']],
    ['(a,)', ['(', 'a', ',', ')']],
    ['[a]{b:c}', ['[', 'a', ']', '{', 'b', ':', 'c', '}']],
    ['...', ['...']],
    ['größe', ['größe']],
    ['注文', ['注文']],
    ['ｃnt', ['cnt']],
    ['_x1', ['_x1']],
    ['a #b\n', ['a']],
    ['(a #b\n+ c)', ['(', 'a', '+', 'c', ')']],
    ['a \\\n + b', ['a', '+', 'b']],
    ['a \\\r\n + b', ['a', '+', 'b']],
    ['\r\n a', ['a']],
  ]
  for (const [text, expected] of cases)
    test(JSON.stringify(text), () => {
      if (text === '1.a') expect(failure(text).message).toBe('This is not a number.')
      else expect(tokens(text)).toEqual(expected)
    })
})

describe('numbers', () => {
  const cases: [string, string][] = [
    ['0', '0n'],
    ['00', '0n'],
    ['0_0', '0n'],
    ['42', '42n'],
    ['1_000_000', '1000000n'],
    ['0x_fF', '255n'],
    ['0XAB', '171n'],
    ['0o17', '15n'],
    ['0b1010_1010', '170n'],
    ['9007199254740993', '9007199254740993n'],
    ['1.', '1'],
    ['.5', '0.5'],
    ['1.5', '1.5'],
    ['1_0.2_5', '10.25'],
    ['1e3', '1000'],
    ['1E-2', '0.01'],
    ['1.e+2', '100'],
    ['.1e1', '1'],
    ['010.5', '10.5'],
    ['1e999', 'Infinity'],
    ['1if', '1n'],
    ['0x1for', '31n'],
  ]
  for (const [text, expected] of cases) test(text, () => expect(tokens(text)[0]).toBe(expected))

  const refused: [string, ErrorKind][] = [
    ['012', 'SyntaxError'],
    ['1__0', 'SyntaxError'],
    ['1_', 'SyntaxError'],
    ['0x', 'SyntaxError'],
    ['0b2', 'SyntaxError'],
    ['0o8', 'SyntaxError'],
    ['1e', 'SyntaxError'],
    ['1a', 'SyntaxError'],
    ['1.5x', 'SyntaxError'],
    ['1j', 'Refused'],
    ['1.5J', 'Refused'],
    [`0x${'f'.repeat(1025)}`, 'Budget'],
    ['9'.repeat(1400), 'Budget'],
  ]
  for (const [text, kind] of refused)
    test(`${text.slice(0, 20)} is a ${kind}`, () => expect(failure(text).kind).toBe(kind))

  test('hexadecimal and decimal forms of an int are the same', () => {
    const small = fc.bigInt({ min: 0n, max: 2n ** 300n })
    fc.assert(
      fc.property(small, (int) => {
        for (const text of [`${int}`, `0x${int.toString(16)}`, `0o${int.toString(8)}`, `0b${int.toString(2)}`])
          expect(tokenize(text)[0]?.value).toBe(int)
      }),
    )
  })
})

describe('texts', () => {
  const cases: [string, string][] = [
    [`'a'`, 'a'],
    [`"a"`, 'a'],
    [`''`, ''],
    [`""""""`, ''],
    [`'''a'b''c'''`, `a'b''c`],
    [`"""a\nb"""`, 'a\nb'],
    [`"""a\r\nb\rc"""`, 'a\nb\nc'],
    [`"it's"`, "it's"],
    [String.raw`'it\'s'`, "it's"],
    [String.raw`"\n\t\r\\\"\a\b\f\v"`, '\n\t\r\\"\x07\b\f\v'],
    [String.raw`"\x41\u00e9\U0001F600"`, 'Aé😀'],
    [String.raw`"\101\0\7z"`, 'A\0\x07z'],
    [String.raw`"\q\8"`, String.raw`\q\8`],
    [String.raw`r"\n"`, String.raw`\n`],
    [String.raw`R'\''`, String.raw`\'`],
    [`u"é"`, 'é'],
    ['"a\\\nb"', 'ab'],
    ['"a\\\r\nb"', 'ab'],
    ['"#"', '#'],
    ['"😀"', '😀'],
  ]
  for (const [text, expected] of cases)
    test(JSON.stringify(text), () => expect(tokenize(text)[0]).toMatchObject({ kind: 'string', text: expected }))

  const refused: [string, ErrorKind, number][] = [
    ['"abc', 'SyntaxError', 0],
    ['a + "b', 'SyntaxError', 4],
    ['"a\nb"', 'SyntaxError', 0],
    ['"a\\', 'SyntaxError', 0],
    ['"a\\"', 'SyntaxError', 0],
    ['"""a""', 'SyntaxError', 0],
    [String.raw`"a\x4"`, 'SyntaxError', 2],
    [String.raw`"\u12"`, 'SyntaxError', 1],
    [String.raw`"\U00110000"`, 'SyntaxError', 1],
    [String.raw`"\N{DASH}"`, 'Refused', 1],
    ['f"a"', 'Refused', 0],
    ['Rb"a"', 'Refused', 0],
  ]
  for (const [text, kind, at] of refused)
    test(`${JSON.stringify(text)} is a ${kind}`, () => expect(failure(text)).toMatchObject({ kind, at }))

  test('a name may stand before a text without being a part of it', () => {
    expect(tokens('ur"a"')).toEqual(['ur', '"a"'])
    expect(tokens('xr"a"')).toEqual(['xr', '"a"'])
  })

  test('any text reads back from its JSON', () => {
    // Python knows every escape that JSON writes, surrogate pairs aside, which JSON leaves as they are.
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) =>
        expect(tokenize(JSON.stringify(text))[0]?.text).toBe(text),
      ),
    )
  })
})

describe('brackets and lines', () => {
  const refused: [string, number, string][] = [
    ['(a', 2, "')' is missing at the end."],
    ['[(a', 3, "')' is missing at the end."],
    ['a)', 1, "')' closes nothing."],
    ['(a]', 2, "']' closes nothing."],
    ['a\nb', 2, 'The expression goes on after its line; end the line with \\ or use brackets.'],
    ['(a)\n.b', 4, 'The expression goes on after its line; end the line with \\ or use brackets.'],
    ['a \\ b', 2, 'A \\ must be the last character of its line.'],
    ['a ? b', 2, "'?' has no meaning here."],
    ['a 😀', 2, "'😀' has no meaning here."],
    ['a\u00a0b', 1, "'\u00a0' has no meaning here."],
  ]
  for (const [text, at, message] of refused)
    test(JSON.stringify(text), () => expect(failure(text)).toMatchObject({ kind: 'SyntaxError', at, message }))

  test('fifty brackets may be open, not more', () => {
    expect(tokens(`${'('.repeat(50)}${')'.repeat(50)}`)).toHaveLength(100)
    expect(failure('['.repeat(51))).toMatchObject({ kind: 'Budget', at: 50 })
  })
})

test('tokens cover the text in order, whatever it is', () => {
  const piece = fc.constantFrom('a', ' ', '1', '.', '"x"', '(', ')', '+', '**', 'not', '\n', '#', '\\', '😀', '0x')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('')
      try {
        let end = 0
        for (const token of tokenize(text)) {
          expect(token.at).toBeGreaterThanOrEqual(end === text.length ? 0 : end)
          expect(token.end).toBeGreaterThanOrEqual(token.at)
          end = token.end
        }
        expect(end).toBe(text.length)
      } catch (thrown) {
        if (!(thrown instanceof Failure)) throw thrown
        expect(thrown.at === undefined || thrown.at <= text.length).toBe(true)
      }
    }),
  )
})
