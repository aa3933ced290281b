import { describe, expect, test } from 'bun:test'
import { cleanLine, cleanLines, cut, escapeHtml, safeUrl } from '../../src/channels/content/clean.ts'
import { htmlText } from '../../src/channels/content/html-text.ts'
import { markdownText, parseMarkdown } from '../../src/channels/content/markdown.ts'

/** Whether it takes less than a second, whatever the machine is busy with. */
function quick(run: () => unknown): boolean {
  const start = performance.now()
  run()
  return performance.now() - start < 1000
}

describe('light Markdown', () => {
  const spans = (text: string) =>
    parseMarkdown(text).map(({ text: inner, style, url }) => [style, inner, ...(url ? [url] : [])])

  test.each<[string, string[][]]>([
    ['plain', [['plain', 'plain']]],
    [
      'a **b** c',
      [
        ['plain', 'a '],
        ['bold', 'b'],
        ['plain', ' c'],
      ],
    ],
    [
      '*i* _j_ `k*l`',
      [
        ['italic', 'i'],
        ['plain', ' '],
        ['italic', 'j'],
        ['plain', ' '],
        ['code', 'k*l'],
      ],
    ],
    ['[t](https://x.example/a_b_c)', [['link', 't', 'https://x.example/a_b_c']]],
    ['snake_case_name 2 * 3 * 4 ** x', [['plain', 'snake_case_name 2 * 3 * 4 ** x']]],
    ['\\*not\\* \\[a\\](b) \\\\ \\n', [['plain', '*not* [a](b) \\ \\n']]],
    ['**a\\*b**', [['bold', 'a*b']]],
    ['[a](b c) [](x) **', [['plain', '[a](b c) [](x) **']]],
    ['**one\ntwo**', [['plain', '**one\ntwo**']]],
    [
      '🔥*é*',
      [
        ['plain', '🔥'],
        ['italic', 'é'],
      ],
    ],
    ['', []],
  ])('%j', (text, expected) => {
    expect(spans(text)).toEqual(expected)
  })

  test('as text keeps the addresses of links', () => {
    expect(markdownText('**See** [the wiki](https://w.example) or [https://x.example](https://x.example)')).toBe(
      'See the wiki (https://w.example) or https://x.example',
    )
  })

  test.each(['*', '**', '_', '`', '[', '[a](', '*a', '\\', '**\\'])('takes no long time for many of %j', (part) => {
    expect(quick(() => parseMarkdown(part.repeat(20_000)))).toBe(true)
  })
})

describe('texts', () => {
  test('lose what steers terminals, not what is text', () => {
    expect(cleanLines('a\r\nb\rc\u2028d\u0000\u001b[31m\u009b\t\u202ee')).toBe('a\nb\nc\nd\\x00\\x1b[31m\\x9b\t\u202ee')
    expect(cleanLine('a\r\nb\tc')).toBe('a b c')
  })

  test('are cut between characters, with a sign', () => {
    expect([cut('abc', 3), cut('abcd', 3), cut('a🔥b', 3)]).toEqual(['abc', 'ab…', 'a…'])
  })

  test('are harmless in HTML', () => {
    expect(escapeHtml('<a href="x" title=\'y\'>&amp;')).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;')
  })

  test.each([
    ['https://x.example/?a=1&b="', 'https://x.example/?a=1&b=%22'],
    ['mailto:a@x.example', 'mailto:a@x.example'],
    ['javascript:alert(1)', null],
    [' https://x.example', null],
    ['data:text/html,x', null],
    ['//x.example', null],
    ['https://', null],
  ])('the address %j links to %j', (text, expected) => {
    expect(safeUrl(text)).toBe(expected)
  })
})

describe('HTML as text', () => {
  test.each([
    ['<p>a</p><p>b<br>c</p>', 'a\nb\nc'],
    ['<head><title>t</title></head><style>p{}</style>x<script>if (a < b) {}</script>y', 'xy'],
    ['&lt;b&gt; &amp;lt; &nbsp;&quot;', '<b> &lt; "'],
    ['a < b and <i>c</i>', 'a < b and c'],
    ['x<script>never ends', 'x'],
  ])('%j is %j', (html, text) => {
    expect(htmlText(html)).toBe(text)
  })

  test.each(['<', '<script', '<script>', '</', '<p ', '\n ', '&', '<style></style>'])(
    'takes no long time for many of %j',
    (part) => {
      expect(quick(() => htmlText(part.repeat(50_000)))).toBe(true)
    },
  )
})
