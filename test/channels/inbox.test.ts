import { describe, expect, test } from 'bun:test'
import { inbox } from '../../src/channels/inbox.ts'
import { channelContract, contextOf, failureOf, now } from './contract.ts'
import { firing, messages } from './messages.ts'

channelContract(inbox, {
  accepted: [{}, { retentionDays: 1 }, { retentionDays: 3650 }],
  rejected: [
    [{ retentionDays: 0 }, 'retentionDays', '1 day at least'],
    [{ retentionDays: 1.5 }, 'retentionDays', 'whole number'],
    [{ retentionDays: 10_000 }, 'retentionDays', '3650 days at most'],
    [{ retentionDays: '7' }, 'retentionDays', 'must be a number'],
  ],
  secrets: [],
})

describe('the inbox', () => {
  test('leaves the message to be stored with the end of the delivery', async () => {
    const receipt = await inbox.send(inbox.render(firing), { retentionDays: 7 }, contextOf())
    expect(receipt).toEqual({ response: 'kept for 7 days', inbox: { message: firing, until: now + 7 * 86_400_000 } })
  })

  test('keeps hostile texts as they are: whoever shows them has to mind', () => {
    const { title, summary, facts } = messages['hostile'] ?? firing
    expect(inbox.render(messages['hostile'] ?? firing)).toMatchObject({ title, summary, facts })
  })

  test('cuts what is too long, counts the rows it leaves out, and takes no attachments', () => {
    const attachments = [{ name: 'rows.csv', contentType: 'text/csv', content: 'A'.repeat(1_000_000) }]
    const rows = Array.from({ length: 300 }, (_, row) => [`${row}`, 'x'.repeat(5000)])
    const facts = Array.from({ length: 500 }, () => ({ name: 'n'.repeat(1000), value: 'v'.repeat(9000) }))
    const body = { text: 'b'.repeat(1_000_000), contentType: 'text/plain' } as const
    const kept = inbox.render({ ...firing, attachments, facts, body, table: { columns: ['a', 'b'], rows, more: 7 } })
    expect(kept.table).toMatchObject({ more: 207 })
    expect([kept.table?.rows.length, kept.facts.length, kept.attachments]).toEqual([100, 50, []])
    expect(JSON.stringify(kept).length).toBeLessThan(300_000)
    expect(kept.body?.text).toEndWith('b…')
  })

  test('takes nothing after a stop', async () => {
    const stopped = inbox.send(firing, { retentionDays: 1 }, contextOf({ signal: AbortSignal.abort() }))
    expect(await failureOf(stopped)).toMatchObject({ outcome: 'retryable', reason: 'aborted' })
  })
})
