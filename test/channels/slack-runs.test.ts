import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { slackLayout } from '../../src/channels/slack/layout.ts'
import { runSections } from '../../src/channels/slack/runs.ts'
import type { MessageRun } from '../../src/model/message.ts'
import { pipelines } from './pipelines.ts'

const run = (name: string, state: string, more: Partial<MessageRun> = {}): MessageRun => ({
  ...{ project: 'p', name, state },
  ...more,
})
interface Section {
  fields?: { text: string }[]
  elements?: { text: string }[]
}
const textsOf = (runs: MessageRun[], most = 10_000) =>
  (runSections(runs, most) as Section[]).map(({ fields = [], elements = [] }) =>
    [...fields, ...elements].map(({ text }) => text),
  )
const url = 'https://mlrun.example.com/run?a=1&b=2'

describe("MLRun's table of runs in Slack", () => {
  const rows: [what: string, run: MessageRun, shown: [string, string]][] = [
    ['completed without results', run('test-run', 'completed'), [':smiley:  test-run', 'completed']],
    ['error without a text', run('test-run', 'error'), [':x:  test-run', '*error*']],
    ['error with a text', run('test-run', 'error', { error: 'no disk' }), [':x:  test-run', '*no disk*']],
    ['results', run('r', 'completed', { results: { a: 1, b: 'x' } }), [':smiley:  r', 'a=1, b=x']],
    ['running', run('r', 'running'), [':man-running:  r', 'running']],
    ['skipped, never a link', run('r', 'skipped', { url }), [':zzz:  r', 'skipped']],
    ['a state it does not know', run('r', 'pending'), [':question:  r', 'pending']],
    ['aborted, by a sign of our own', run('r', 'aborted'), [':octagonal_sign:  r', 'aborted']],
    [
      'a link',
      run('r', 'completed', { url }),
      [':smiley:  <https://mlrun.example.com/run?a=1&amp;b=2|*r*>', 'completed'],
    ],
    [
      'a step that is a run',
      run('r', 'completed', { url, stepKind: 'run' }),
      [':smiley:  <https://mlrun.example.com/run?a=1&amp;b=2|*r*> *(run)*', 'completed'],
    ],
    [
      'a step of another kind',
      run('r', 'completed', { url, stepKind: 'deploy' }),
      [':smiley:  r *(deploy)*', 'completed'],
    ],
    [
      'what looks like mark-up',
      run('*a* <!here>', 'error', { error: 'x* <@U1>' }),
      [':x:  *\u200ba*\u200b &lt;!here&gt;', 'x*\u200b &lt;@U1&gt;'],
    ],
    ['an address that is none', run('r', 'completed', { url: 'javascript:alert(1)' }), [':smiley:  r', 'completed']],
  ]
  test.each(rows)('%s', (_what, one, shown) => {
    expect(textsOf([one])).toEqual([['*Runs*', '*Results*', ...shown]])
  })

  test('three runs fill a section, the fourth begins another', () => {
    const lengths = (count: number) =>
      textsOf(Array.from({ length: count }, (_, index) => run(`r${index}`, 'completed'))).map(({ length }) => length)
    expect([lengths(3), lengths(4), lengths(7), lengths(8)]).toEqual([[8], [8, 2], [8, 8], [8, 8, 2]])
  })

  test('of 200 runs shows those that failed in any case, and counts the others', () => {
    const message = pipelines['pipeline-200-runs']
    if (message === undefined) throw new Error('It is missing.')
    const { head, rest } = slackLayout(message)
    const blocks = [...head, ...rest]
    expect(blocks.length).toBeLessThanOrEqual(50)
    expect(JSON.stringify(blocks).length).toBeLessThanOrEqual(13_200)
    const text = JSON.stringify(blocks)
    expect(text.match(/:x: {2}/g)).toHaveLength(4)
    expect(text).toContain('step 179')
    const shown = (text.match(/:(x|smiley): {2}/g) ?? []).length
    expect(shown).toBeGreaterThan(50)
    expect(text).toContain(`+${200 - shown} more runs: ${200 - shown} completed`)
  })

  test("any runs keep Slack's limits, and nothing in them is a mention or a link", () => {
    const piece = fc.constantFrom(
      '<!channel>',
      '<@U1>',
      '&amp;',
      '*',
      '_',
      '`',
      '~',
      '\r\n',
      '🔥',
      'x'.repeat(400),
      'a b',
    )
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    const anyRun = fc.record({
      ...{ project: fc.constant('p'), name: text, error: text, stepKind: fc.oneof(fc.constant('run'), text) },
      state: fc.constantFrom('completed', 'error', 'aborted', 'running', 'created'),
      results: fc.dictionary(text, text, { maxKeys: 3 }),
      url: fc.oneof(fc.constant(url), text, fc.constant(`https://x.example/${'&'.repeat(900)}`)),
    })
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 150 }), fc.integer({ min: 500, max: 12_000 }), (runs, most) => {
        const sections = runSections(runs, most) as Section[]
        expect(sections.length).toBeLessThan(45)
        expect(JSON.stringify(sections).length).toBeLessThanOrEqual(Math.max(most, 700))
        for (const { fields = [], elements = [] } of sections) {
          expect(fields.length).toBeLessThanOrEqual(10)
          for (const { text: shown } of [...fields, ...elements]) {
            expect(shown.length).toBeGreaterThan(0)
            expect(shown.length).toBeLessThanOrEqual(2000)
            expect(shown.replace(/<https:[^<>|]*\|[^<>]*>/g, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})
