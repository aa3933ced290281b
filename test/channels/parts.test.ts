import { describe, expect, test } from 'bun:test'
import { contentParts, fitted, linksPart, type Part, shortened } from '../../src/channels/content/parts.ts'
import { htmlWriter, markdownWriter, plainWriter } from '../../src/channels/content/writer.ts'
import { firing, messages } from './messages.ts'

const fixed =
  (text: string): Part =>
  () =>
    text
const cuttable =
  (char: string): Part =>
  (most) =>
    char.repeat(Math.min(most, 1000))

describe('parts within a limit', () => {
  test('are parted, and empty ones left out', () => {
    expect(fitted([fixed('a'), fixed(''), fixed('b')], 100, '\n\n', '…')).toBe('a\n\nb')
    expect(fitted([], 100, '\n\n', '…')).toBe('')
  })
  test('are cut where they can be', () => {
    const text = fitted([fixed('head'), cuttable('x')], 300, '\n', '…')
    expect(text.length).toBeLessThanOrEqual(300)
    expect(text.length).toBeGreaterThan(200)
    expect(text).toStartWith('head\nxxx')
  })
  test('are left out where they cannot, and that is said', () => {
    expect(fitted([fixed('a'), fixed('b'.repeat(200)), fixed('c')], 100, '\n', '(more)')).toBe('a\nc\n(more)')
  })
  test('are measured as their receiver measures', () => {
    const bytes = fitted([cuttable('é')], 100, '\n', '…', (text) => Buffer.byteLength(text))
    expect(Buffer.byteLength(bytes)).toBeLessThanOrEqual(100)
    expect(bytes.length).toBeGreaterThan(30)
  })
  test('that grow when they are written are made shorter until they fit', () => {
    const doubled = shortened((most) => '\\*'.repeat(Math.min(most, 1000)), 100)
    expect(doubled?.length).toBeLessThanOrEqual(100)
    expect(shortened(fixed('x'.repeat(101)), 100)).toBeNull()
  })
})

describe('the content of a message', () => {
  const texts = (writer: typeof plainWriter, message = firing) =>
    contentParts(message, writer).map((part) => part(10_000))
  test('is written for each reader', () => {
    expect(texts(plainWriter)).toEqual([
      'psi of churn_v3 is 0.41, above 0.25.',
      'See the runbook before you retrain: drift (https://wiki.example.com/drift?a=1&b=2). Run psi --all.',
      'model: churn_v3\npsi: 0.41',
      'model     psi\n--------  ----\nchurn_v3  0.41\nfraud_v1  0.30',
    ])
    expect(texts(htmlWriter)[2]).toBe('<b>model:</b> churn_v3<br><b>psi:</b> 0.41')
    expect(texts(htmlWriter)[3]).toBe('model · psi<br>churn_v3 · 0.41<br>fraud_v1 · 0.30')
    expect(texts(markdownWriter({ entities: false, tables: false }))[3]).toStartWith('```\nmodel     psi\n')
    expect(texts(markdownWriter({ entities: true, tables: true }))[3]).toStartWith('| model | psi |\n| --- | --- |')
  })
  test('keeps the end of a log, the beginning of everything else', () => {
    const [summary, , code] = contentParts(
      { ...firing, paragraphs: [], facts: [], code: 'one\ntwo\nthe end' },
      plainWriter,
    )
    expect(summary?.(5)).toBe('psi …')
    expect(code?.(7)).toBe('the end')
  })
  test('counts the rows it leaves out together with those that were left out before', () => {
    const parts = contentParts(messages['many-rows'] ?? firing, plainWriter)
    expect(parts.at(-1)?.(300)).toMatch(/\n\n\+19[6-9]\d more rows$/)
  })
  test('has links where they lead somewhere harmless', () => {
    const links = linksPart(messages['hostile'] ?? firing, htmlWriter)(1000)
    expect(links.match(/href="[^"]*"/g)).toEqual(['href="https://example.com/%22onmouseover=%22alert(1)"'])
  })
})
