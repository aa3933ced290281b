import { describe, expect, test } from 'bun:test'
import { manageChannels } from '../../src/manage/channels.ts'
import { manageConnections } from '../../src/manage/connections.ts'
import { manageImport } from '../../src/manage/import.ts'
import { mailChannelOf } from '../../src/manage/notification-rules.ts'
import { manageRules } from '../../src/manage/rules.ts'
import { caller, testManage } from '../support/manage-context.ts'
import { exampleObject, plainObject } from '../support/notifications.ts'

describe('the channel of mail targets', () => {
  const mail = (name: string, fallback = false) => ({
    name,
    kind: 'mail',
    fallback,
    settings: { host: 'mail.example.com', sender: 'a@example.com' },
  })

  test('is the only mail channel, or the fallback one', async () => {
    using context = testManage()
    const channels = manageChannels(context)
    const named = () => mailChannelOf(context, 'default')
    await channels.create(caller, { name: 'hook', kind: 'webhook', settings: { url: 'https://example.com' } })
    expect(await named()).toBeNull()
    await channels.create(caller, mail('office'))
    expect(await named()).toBe('office')
    await channels.create(caller, mail('night'))
    expect(await named()).toBeNull()
    await channels.create(caller, mail('duty', true))
    expect(await named()).toBe('duty')
    const report = await manageImport(context, manageRules(context)).import(caller, { objects: [exampleObject()] })
    expect(report.items[0]?.goesTo).toBe('the channel "duty"')
  })
})

test('a connection that does not answer holds an import up for a while only', async () => {
  using context = testManage()
  let tried = 0
  const { sources } = context
  context.sources = {
    open(row) {
      tried += 1
      context.clock.advance(15_000)
      return sources.open(row)
    },
  }
  const settings = { host: 'db.example.com', database: 'risk', user: 'reader' }
  await manageConnections(context).create(caller, { name: 'Risk Store DB', kind: 'postgres', settings })
  const objects = [1, 2, 3, 4, 5].map((number) => plainObject({ name: `rule ${number}` }))
  const { items } = await manageImport(context, manageRules(context)).import(caller, { objects, apply: true })
  expect(items.map(({ action }) => action)).toEqual(objects.map(() => 'create'))
  expect(tried).toBe(2)
})
