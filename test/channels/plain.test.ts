import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cleanLine, cleanLines, cut, escapeHtml, safeUrl } from '../../src/channels/content/clean.ts'
import { markdownText } from '../../src/channels/content/markdown.ts'
import { moreRows, plainText } from '../../src/channels/content/plain.ts'
import { mailHtml } from '../../src/channels/mail/html.ts'
import type { Message, MessageTable } from '../../src/model/message.ts'
import { firing, messages } from './messages.ts'

const bare = messages['empty'] as Message
const text = (changes: Partial<Message>) => plainText({ ...bare, ...changes })
const table = (columns: string[], rows: string[][], more = 0): MessageTable => ({ columns, rows, more })

test('a message is text in parts with an empty line between them', () => {
  expect(plainText(firing)).toBe(
    [
      'psi of churn_v3 is 0.41, above 0.25.',
      '',
      'See the runbook before you retrain: drift (https://wiki.example.com/drift?a=1&b=2). Run psi --all.',
      '',
      'model: churn_v3',
      'psi: 0.41',
      '',
      'model     psi',
      '--------  ----',
      'churn_v3  0.41',
      'fraud_v1  0.30',
      '',
      'Open the rule: https://tocsin.example.com/rules/rul_1',
      'Dashboard: https://grafana.example.com/d/1?from=now-1h&to=now',
      '',
      'psi > 0.25 was true for 2 rows.',
      'https://tocsin.example.com/evaluations/evl_1',
    ].join('\n'),
  )
})

describe('parts', () => {
  const cases: [string, Partial<Message>, string][] = [
    ['nothing at all', {}, ''],
    ['blank ones are left out', { summary: ' \n ', paragraphs: ['', ' '], why: 'x' }, 'x'],
    ['a fact of several lines is one line', { facts: [{ name: 'a\nb', value: 'c\r\nd' }] }, 'a b: c d'],
    ['a link whose text is its address', { links: [{ text: 'https://x', url: 'https://x' }] }, 'https://x'],
    ['a link without text', { links: [{ text: '', url: 'https://x' }] }, 'https://x'],
    ['code keeps its lines', { code: 'a\n  b\n' }, 'a\n  b'],
    ['control characters are shown', { summary: 'a\u001b[31mb' }, 'a\\x1b[31mb'],
    ['a table without rows', { table: table(['a', 'bc'], []) }, 'a  bc\n-  --'],
    ['a table of one column', { table: table(['a'], [['1'], ['22']]) }, 'a\n--\n1\n22'],
    ['rows that are left out', { table: table(['a'], [['1']], 1) }, 'a\n-\n1\n+1 more row'],
    ['rows shorter than the head', { table: table(['a', 'b'], [['1']]) }, 'a  b\n-  -\n1'],
    ['cells of several lines', { table: table(['a'], [['1\n2']]) }, 'a\n---\n1 2'],
    ['a wide cell is cut', { table: table(['a'], [['x'.repeat(61)]]) }, `a\n${'-'.repeat(60)}\n${'x'.repeat(59)}…`],
  ]
  for (const [title, changes, expected] of cases) test(title, () => expect(text(changes)).toBe(expected))

  test('a very long part is cut, the others stay', () => {
    const long = text({ summary: 'x'.repeat(60_000), why: 'because' })
    expect(long).toHaveLength(50_000 + 2 + 'because'.length)
    expect(long).toEndWith('…\n\nbecause')
  })

  test('a table of very many rows is written too', () => {
    const rows = Array.from({ length: 300_000 }, () => ['1'])
    expect(text({ table: table(['a'], rows) })).toHaveLength(3 + 300_000 * 2)
  })

  test('rows left out are counted in words', () => {
    expect([0, 1, 2].map((more) => moreRows(table([], [], more)))).toEqual(['', '+1 more row', '+2 more rows'])
  })
})

const anyText = fc.string({ unit: 'binary', maxLength: 60 })

describe('whatever a text holds', () => {
  test('a line is one line, and lines end with line feeds alone', () => {
    fc.assert(
      fc.property(anyText, (given) => {
        expect(cleanLine(given)).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
        expect(cleanLines(given)).not.toMatch(/(?![\n\t])\p{Cc}|[\u2028\u2029]/u)
        expect(cleanLines(cleanLines(given))).toBe(cleanLines(given))
      }),
    )
  })

  test('it is cut to the length or left alone, and never within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (given, most) => {
        const short = cut(given, most)
        expect(short.length).toBeLessThanOrEqual(most)
        expect(short.isWellFormed()).toBe(true)
        expect(short === given || short.endsWith('…')).toBe(true)
      }),
    )
  })

  test('it makes no mark-up in HTML and is there in full', () => {
    fc.assert(
      fc.property(anyText, (given) => {
        const safe = escapeHtml(given)
        expect(safe).not.toMatch(/[<>"']/)
        const back = safe.replace(
          /&(amp|lt|gt|quot|#39);/g,
          (entity) => ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" })[entity] ?? '',
        )
        expect(back).toBe(cleanLines(given))
      }),
    )
  })

  test('an address that links leads by http or mail alone, and ends no attribute', () => {
    const schemes = fc.constantFrom(
      'https://',
      'http://',
      'mailto:',
      'javascript:',
      'data:',
      'HTTPS://',
      ' https://',
      '',
    )
    fc.assert(
      fc.property(schemes, anyText, (scheme, rest) => {
        const url = safeUrl(`${scheme}${rest}`)
        if (url !== null) expect(url).toMatch(/^(https?:\/\/|mailto:)[^"<>\s]*$/)
      }),
    )
  })

  test('a mail in HTML has the tags of its own and no other', () => {
    const own = mailHtml({ ...bare, title: 'x', summary: 'x', code: 'x', facts: [{ name: 'x', value: 'x' }] })
    const tags = (html: string) => html.match(/<\/?[a-z!][^\s>]*/gi)
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        const [title, summary] = [`<b>${one}`, `${other}</td><img src=x>`]
        const html = mailHtml({
          ...bare,
          title,
          summary,
          code: `${one}<i>`,
          facts: [{ name: `<u>${one}`, value: `"${other}'` }],
        })
        expect(tags(html)).toEqual(tags(own))
      }),
    )
  })

  test('Markdown keeps its letters', () => {
    const word = fc.stringMatching(/^[a-z ]{1,20}$/)
    fc.assert(
      fc.property(word, word, (one, other) => {
        const [a, b] = [one.trim() || 'a', other.trim() || 'b']
        expect(markdownText(`**${a}** and _${b}_ \`${a}\``)).toBe(`${a} and ${b} ${a}`)
      }),
    )
  })
})
