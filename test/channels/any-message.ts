import fc from 'fast-check'
import { blankMessage, type Message } from '../../src/model/message.ts'

const nasty = fc.stringMatching(/^([a-z<>&*_~`|"\\\n ]|<!channel>|```|🔥|é){0,400}$/)
const longer = fc.tuple(nasty, fc.integer({ min: 1, max: 40 })).map(([text, times]) => text.repeat(times))
const links = (most: number) => fc.array(fc.record({ text: nasty, url: fc.webUrl() }), { maxLength: most })

/** Messages of any size, full of what means something to somebody. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    title: longer,
    summary: longer,
    code: longer,
    why: longer,
    rule: nasty,
    paragraphs: fc.array(longer, { maxLength: 4 }),
    facts: fc.array(fc.record({ name: nasty, value: longer }), { maxLength: 40 }),
    links: links(40),
    actions: links(30),
    table: fc.record({
      columns: fc.array(nasty, { minLength: 1, maxLength: 8 }),
      rows: fc.array(fc.array(nasty, { maxLength: 8 }), { maxLength: 50 }),
      more: fc.nat(100),
    }),
    tags: fc.array(nasty, { maxLength: 5 }),
    traceUrl: fc.webUrl(),
  })
  .map((content) => blankMessage('firing', 0, content))
