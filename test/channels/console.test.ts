import { describe, expect, test } from 'bun:test'
import { consoleChannel } from '../../src/channels/console.ts'
import { channelContract, contextOf, failureOf } from './contract.ts'
import { firing, messages } from './messages.ts'

channelContract(consoleChannel, { accepted: [{}], rejected: [], secrets: [] })

describe('the console', () => {
  test('gets one readable block', async () => {
    const printed: string[] = []
    const context = contextOf({ print: (line) => printed.push(line) })
    await consoleChannel.send(consoleChannel.render(firing), {}, context)
    expect(printed).toHaveLength(1)
    expect(printed[0]?.split('\n').slice(0, 3)).toEqual([
      '2026-03-04 09:30:00 UTC  CRITICAL  firing  Model drift is high',
      '  psi of churn_v3 is 0.41, above 0.25.',
      '',
    ])
  })

  test("prints a route's own body", () => {
    const body = { text: 'one\r\ntwo\u001b[2J', contentType: 'text/plain' } as const
    expect(
      consoleChannel
        .render({ ...firing, body })
        .split('\n')
        .slice(1),
    ).toEqual(['  one', '  two\\x1b[2J'])
  })

  test('gets no control characters, and no line that looks like the head of another message', () => {
    const text = consoleChannel.render(messages['hostile'] ?? firing)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(text).toContain('\u202egnp.exe')
    for (const line of text.split('\n').slice(1)) expect(line).toMatch(/^( {2}|$)/)
  })

  test('prints nothing after a stop', async () => {
    const failure = await failureOf(consoleChannel.send('x', {}, contextOf({ signal: AbortSignal.abort() })))
    expect(failure).toMatchObject({ outcome: 'retryable', reason: 'aborted' })
  })
})
