import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fittingTable, logTail } from '../../src/channels/slack/fixed-width.ts'
import { slackLayout } from '../../src/channels/slack/layout.ts'
import { escapeSlack, fenced, plainMrkdwn, slackLink, slackMarkdown } from '../../src/channels/slack/mrkdwn.ts'
import { teams } from '../../src/channels/teams.ts'
import { isTame } from '../../src/language/tame.ts'
import type { Json } from '../../src/model/json.ts'
import { anyMessage } from './any-message.ts'
import { settingsOf } from './contract.ts'
import { firing } from './messages.ts'

describe('text for Slack', () => {
  test.each([
    ['a & b < c > d', Infinity, 'a &amp; b &lt; c &gt; d'],
    ['<!channel> <@U1> <https://x|y>', Infinity, '&lt;!channel&gt; &lt;@U1&gt; &lt;https://x|y&gt;'],
    ['&amp;', Infinity, '&amp;amp;'],
    ['abcdef', 4, 'abc…'],
    ['ab&cd', 8, 'ab&amp;…'],
    ['ab&cdef', 6, 'ab…'],
    ['🔥🔥', 3, '🔥…'],
    ['a\r\nb\u0000', Infinity, 'a\nb\\x00'],
  ])('%j within %d is %j', (text, most, expected) => {
    expect(escapeSlack(text, most)).toBe(expected)
  })

  test.each([
    ['churn_v3 2.5', true],
    ['a_b_c', true],
    ['_a_', false],
    ['*/5 * * * *', false],
    ['`x`', false],
    ['~x~', false],
    ['été_å', true],
  ])('%j is tame: %j', (text, tame) => {
    expect(isTame(text)).toBe(tame)
    expect(plainMrkdwn(text) === text).toBe(tame)
    expect(plainMrkdwn(text).replaceAll('\u200b', '')).toBe(text)
  })

  test.each([
    ['a|b', 'https://x.example/?q=a|b&c', '<https://x.example/?q=a%7Cb&amp;c|a|b>'],
    ['', 'https://x.example/', '<https://x.example/|https://x.example/>'],
    ['<b>', 'https://x.example/', '<https://x.example/|&lt;b&gt;>'],
    ['run', 'javascript:alert(1)', 'run (javascript:alert(1))'],
  ])('the link %j to %j', (text, url, expected) => {
    expect(slackLink(text, url)).toBe(expected)
  })

  test.each([
    ['**a** *b* _c_ `d<e`', 100, '*a* _b_ _c_ `d&lt;e`'],
    ['\\*a\\* b', 100, '*\u200ba*\u200b b'],
    ['abc **def**', 8, 'abc …'],
    ['abcdefghij', 6, 'abcd…'],
    ['[x](https://x.example) <y>', 100, '<https://x.example/|x> &lt;y&gt;'],
  ])('the Markdown %j within %d', (text, most, expected) => {
    expect(slackMarkdown(text, most)).toBe(expected)
    expect(slackMarkdown(text, most).length).toBeLessThanOrEqual(most)
  })

  test('cannot leave fixed width', () => {
    expect(fenced('a ``` <b>').split('```')).toHaveLength(3)
  })
})

describe('what finds no room', () => {
  test('of a table is rows from the end, counted with those that were missing before', () => {
    const rows = Array.from({ length: 50 }, (_, row) => [`model_${row}`, 'x'.repeat(50)])
    const text = fittingTable({ columns: ['a', 'b'], rows, more: 7 }, 1000)
    expect(text.length).toBeLessThanOrEqual(1000)
    const kept = text.split('model_').length - 1
    expect(kept).toBeGreaterThan(5)
    expect(text).toContain(`+${57 - kept} more rows`)
    expect(fittingTable({ columns: ['y'.repeat(90)], rows, more: 0 }, 50)).toBe('A table of 50 rows has no room here.')
  })

  test('of a wide table is the end of its cells', () => {
    const columns = Array.from({ length: 6 }, (_, column) => `column_${column}`)
    const text = fittingTable({ columns, rows: [columns.map(() => 'x'.repeat(60))], more: 0 }, 3000)
    expect(text).toContain(`${'x'.repeat(15)}…`)
    expect(text).not.toContain('x'.repeat(16))
  })

  test('of a log is its beginning', () => {
    const log = Array.from({ length: 500 }, (_, line) => `line ${line} <ok>`).join('\n')
    const text = logTail(log, 1000)
    expect(text.length).toBeLessThanOrEqual(1000)
    expect(text).toEndWith('line 499 &lt;ok&gt;\n```')
    const first = Number(/line (\d+)/.exec(text)?.[1])
    expect(text).toStartWith(`\`\`\`\n… ${first} lines before\nline ${first}`)
    expect(logTail('z'.repeat(5000), 1000)).toMatch(/^```\n…z+\n```$/)
  })

  test('of a title is told below it', () => {
    const { head } = slackLayout({ ...firing, title: 'word '.repeat(60) })
    expect(head).toHaveLength(2)
    expect(JSON.stringify(head[1])).toContain('word '.repeat(59))
  })

  test('at all is named at the end', () => {
    // As JSON each of these takes two characters.
    const quotes = '"'.repeat(3000)
    const end = slackLayout({ ...firing, summary: quotes, paragraphs: [quotes], code: quotes }).rest.at(-1)
    expect(JSON.stringify(end)).toContain('Left out, since Slack takes no more: paragraphs, code.')
  })

  test('of facts, links and files is counted or named', () => {
    const many = {
      ...firing,
      facts: Array.from({ length: 25 }, (_, index) => ({ name: `n${index}`, value: 'v' })),
      links: Array.from({ length: 90 }, (_, index) => ({ text: `l${index}`, url: `https://x.example/${index}` })),
      attachments: [{ name: 'rows_1.csv', contentType: 'text/csv', content: '' }],
    }
    const text = JSON.stringify(slackLayout(many))
    expect(text).toContain('+5 more facts')
    expect(text).toMatch(/\+\d+ more links/)
    expect(text).toContain('Files that Slack does not get: rows_1.csv')
  })
})

test('a table and a log of 100,000 lines take no long time, in Slack and in Teams', () => {
  const rows = Array.from({ length: 100_000 }, (_, row) => [`${row}`, 'x'])
  const code = rows.map(([line]) => `line ${line}`).join('\n')
  const message = { ...firing, table: { columns: ['a', 'b'], rows, more: 0 }, code }
  const started = performance.now()
  const texts = [slackLayout(message), teams.render(message, settingsOf(teams, { webhookUrl: 'https://x' }))]
  expect(performance.now() - started).toBeLessThan(2000)
  for (const text of texts.map((shown) => JSON.stringify(shown))) {
    expect(text).toMatch(/\+99\d{3} more rows/)
    expect(text).toMatch(/… 99\d{3} lines before/)
    expect(text).toContain('line 99999')
  }
})

test('a picture is shown where its address can be fetched', () => {
  const image = (address: string) =>
    JSON.stringify(slackLayout({ ...firing, image: address }).rest).includes('image_url')
  expect(['https://x.example/a.png', 'mailto:a@x.example', 'javascript:1'].map(image)).toEqual([true, false, false])
})

/** Every text object among blocks: its type and text. */
function textObjects(value: Json | undefined): { type: string; text: string }[] {
  if (Array.isArray(value)) return value.flatMap(textObjects)
  if (typeof value !== 'object' || value === null) return []
  const { type, text } = value
  if (typeof text === 'string') return [{ type: String(type), text }]
  return Object.values(value).flatMap(textObjects)
}

test('any message keeps the limits of Slack, and no data in it is a mention or a link', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const { head, rest } = slackLayout(message)
      const blocks = [...head, ...rest]
      expect(blocks.length).toBeLessThanOrEqual(50)
      expect(JSON.stringify(blocks).length).toBeLessThanOrEqual(13_200)
      for (const block of blocks) {
        const texts = textObjects(block)
        const most =
          block['type'] === 'header' ? 150 : 'fields' in block ? 2000 : block['type'] === 'actions' ? 75 : 3000
        for (const { type, text } of texts) {
          expect(text.length).toBeLessThanOrEqual(most)
          expect(text.trim().length).toBeGreaterThan(0)
          const bare = type === 'mrkdwn' ? text.replace(/<https?:\/\/[^<>|]*\|[^<>]*>/g, '') : text
          expect(bare).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
        }
        expect(texts.length).toBeLessThanOrEqual(block['type'] === 'actions' ? 25 : 10)
      }
    }),
    { numRuns: 500 },
  )
})
