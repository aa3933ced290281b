import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cleanLine } from '../../src/channels/content/clean.ts'
import {
  codeBlock,
  codeSpan,
  markdownLine,
  markdownLines,
  markdownLink,
  markdownParagraph,
} from '../../src/channels/content/markdown-text.ts'
import { elements, githubMarkdown, shownText } from '../support/markdown.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'

const entities = { entities: true }
const plain = { entities: false }
const zero = '\u200b'

describe('a line of data', () => {
  const cases: [text: string, markdown: string][] = [
    ['churn_v3', 'churn\\_v3'],
    ['0.41 > 0.25', '0.41 &gt; 0.25'],
    ['2026-03-04 09:30:00', '2026-03-04 09:30:00'],
    ['a & b', 'a &amp; b'],
    ['**bold** `code`', '\\*\\*bold\\*\\* \\`code\\`'],
    ['# heading', '\\# heading'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['> quote', '&gt; quote'],
    ['a | b', 'a \\| b'],
    ['@everyone', `@${zero}everyone`],
    ['see #12', `see \\#${zero}12`],
    ['https://x.example', `https:${zero}//x.example`],
    ['www.x.example', `www${zero}.x.example`],
    ['a@b.example', `a@${zero}b.example`],
    ['$x$ $5', `&#36;x&#36; &#36;${zero}5`],
    [':tada:', `:${zero}tada:`],
    ['a\nb', 'a b'],
  ]
  test.each(cases)('%j', (text, markdown) => {
    expect(markdownLine(text, entities)).toBe(markdown)
  })
  test('where entities are not read, brackets are escaped', () => {
    expect(markdownLine('<@U1> & <b>', plain)).toBe(`\\<${zero}@${zero}U1\\> & \\<${zero}b\\>`)
  })
  test('an address in a link cannot end it', () => {
    expect(markdownLink('a](x)', 'https://x.example/a_(b)?c=)', entities)).toBe(
      '[a\\](x)](https://x.example/a_%28b%29?c=%29)',
    )
    expect(markdownLink('go', 'javascript:alert(1)', entities)).toBe('go')
    expect(markdownLink('', 'https://x.example/', plain)).toBe(`[https:${zero}//x.example/](https://x.example/)`)
  })
})

const withJudge = await skipUnless(serverPackages)
const nasty = [
  ...'\\`*_{}[]()<>#+-.!|~$&@:/="\'%^,;? \t\n',
  ...[
    'a',
    'f0',
    '1',
    'é',
    '漢',
    '🔥',
    'http://',
    'https://',
    'www.',
    'x.com',
    '<!--',
    '-->',
    '<b>',
    '</b>',
    '&lt;',
    '&#64;',
  ],
  ...[
    '![',
    '](',
    'GH-1',
    'abc1234',
    ':+1:',
    '```',
    '---',
    '===',
    '@me',
    '#1',
    '!2',
    '~3',
    '> ',
    '    ',
    '- [ ] ',
    '[^1]',
    '\u202e',
  ],
]
const text = fc.array(fc.constantFrom(...nasty), { maxLength: 40 }).map((parts) => parts.join(''))

withJudge('read by another library as GitHub reads it', async () => {
  const render = await githubMarkdown()

  test('a line is its text and nothing else, whatever it holds', () => {
    fc.assert(
      fc.property(text, (given) => {
        const html = render(markdownLine(given, entities))
        expect(elements(html).filter((name) => name !== 'p')).toEqual([])
        expect(shownText(html).trim()).toBe(
          cleanLine(given)
            .trim()
            .replace(/[ \t]+$/, ''),
        )
      }),
      { numRuns: 1500 },
    )
  })

  test('a line is so inside a table, a list, a link, and behind a heading', () => {
    const around: [markdown: (line: string) => string, allowed: string[]][] = [
      [(line) => `| a |\n| --- |\n| ${line} |`, ['table', 'tbody', 'td', 'th', 'thead', 'tr']],
      [(line) => `- **name:** ${line}`, ['li', 'strong', 'ul']],
      [(line) => `### x ${line}`, ['h3']],
      [(line) => `[x ${line}](https://x.example/)`, ['a', 'p']],
      [(line) => `**x${line}**`, ['p', 'strong']],
    ]
    fc.assert(
      fc.property(text, fc.constantFrom(...around), (given, [markdown, allowed]) => {
        const html = render(markdown(markdownLine(given, entities)))
        expect(elements(html).filter((name) => !allowed.includes(name))).toEqual([])
        expect(shownText(html)).toContain(cleanLine(given).trim())
      }),
      { numRuns: 1500 },
    )
  })

  test('lines are lines and paragraphs', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(elements(render(markdownLines(given, entities))).filter((name) => !['p', 'br'].includes(name))).toEqual(
          [],
        )
      }),
      { numRuns: 1000 },
    )
  })

  test('code is code', () => {
    fc.assert(
      fc.property(text, (given) => {
        const span = render(`a ${codeSpan(given)} b`)
        expect(elements(span).filter((name) => !['p', 'code'].includes(name))).toEqual([])
        expect(elements(render(codeBlock(given)))).toEqual(['code', 'pre'])
      }),
      { numRuns: 1000 },
    )
  })

  test('nobody is mentioned and nothing is referred to', () => {
    fc.assert(
      fc.property(text, (given) => {
        const shown = render(markdownLine(given, entities))
          .replace(/<[^>]*>/g, '')
          .replace(/&(amp|lt|gt|quot);/g, ' ')
        expect(shown).not.toMatch(/[@#~%^][a-z0-9]|[!$]\d/i)
        expect(shown).not.toMatch(/https?:\/\/|www\.|GH-\d|:(\+1|tada):/)
        expect(shown).not.toMatch(/\babc1234\b/)
      }),
      { numRuns: 1000 },
    )
  })

  test("a paragraph keeps its author's mark-up and no other", () => {
    const paragraph =
      'See the **run_book** before you *retrain*: [drift](https://wiki.example/a_b?c=1&d=2). `psi | all` <b> @me'
    expect(render(markdownParagraph(paragraph, entities))).toBe(
      `<p>See the <strong>run_book</strong> before you <em>retrain</em>: ` +
        `<a href="https://wiki.example/a_b?c=1&amp;d=2">drift</a>. <code>psi | all</code> &lt;b&gt; @${zero}me</p>`,
    )
  })
})
