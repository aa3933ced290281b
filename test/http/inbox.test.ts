import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { eventually } from '../support/servers.ts'

interface Item {
  id: string
  title: string
  readAt: number | null
}
interface Page {
  items: Item[]
  next: string | null
  unread: number
}

const DAY = 86_400_000
let daemon: InProcess
beforeAll(async () => {
  daemon = await startInProcess()
})
afterAll(() => daemon.stop())

const call = async <T>(method: string, path: string, body?: unknown, token?: string) => {
  const answer = await daemon.call<T>(method, `/api/v1/projects/${path}`, body, token)
  return { status: answer.status, body: answer.body }
}
const list = async (project: string, query = '') => (await call<Page>('GET', `${project}/inbox${query}`)).body
const titles = ({ items }: Page) => items.map(({ title }) => title)

/** A project of its own with messages of these titles in its inbox, the first the oldest; gives their ids by title. */
async function filled(project: string, wanted: string[], settings = {}): Promise<Record<string, string>> {
  await call('POST', `${project}/channels`, { name: 'In', kind: 'inbox', settings })
  for (const [index, title] of wanted.entries()) {
    await call('POST', `${project}/channels/In/send`, { message: { title, summary: 'why', severity: 'warning' } })
    await eventually(async () => expect((await list(project)).items).toHaveLength(index + 1))
  }
  return Object.fromEntries((await list(project)).items.map(({ id, title }) => [title, id]))
}

describe('the inbox', () => {
  test('lists what was delivered, newest first, with the number of unread ones', async () => {
    const ids = await filled('lists', ['one', 'two', 'three'])
    const page = await list('lists')
    expect([titles(page), page.unread, page.next]).toEqual([['three', 'two', 'one'], 3, null])
    expect(page.items[0]).toMatchObject({ id: ids['three'], severity: 'warning', summary: 'why', readAt: null })
    expect(page.items[0]).not.toHaveProperty('message')
    const first = await list('lists', '?limit=2')
    expect([titles(first), first.next]).toEqual([['three', 'two'], ids['two'] ?? ''])
    expect(titles(await list('lists', `?limit=2&after=${first.next}`))).toEqual(['one'])
    expect(titles(await list('lists', '?channel=In'))).toHaveLength(3)
    const { body } = await call<{ message: object }>('GET', `lists/inbox/${ids['one']}`)
    expect(body.message).toMatchObject({ title: 'one', summary: 'why' })
  })

  test('marks one as read, and as unread again', async () => {
    const ids = await filled('marks', ['one', 'two'])
    const path = `marks/inbox/${ids['one']}`
    const read = await call<Item>('POST', `${path}/read`)
    expect(read.body.readAt).toBeWithin(daemon.clock.now() - 1000, daemon.clock.now() + 1)
    const page = await list('marks', '?unread=true')
    expect([titles(page), page.unread]).toEqual([['two'], 1])
    daemon.clock.advance(1000)
    expect((await call<Item>('POST', `${path}/read`)).body.readAt).toBe(read.body.readAt)
    expect((await call<Item>('POST', `${path}/unread`)).body.readAt).toBeNull()
    expect((await list('marks')).unread).toBe(2)
  })

  test('marks those named, all up to one, or all', async () => {
    const ids = await filled('many', ['one', 'two', 'three', 'four'])
    const read = async (body: unknown) => (await call<Page>('POST', 'many/inbox/read', body)).body.unread
    expect(await read({ ids: [ids['three']] })).toBe(3)
    expect(await read({ upTo: ids['two'] })).toBe(1)
    expect(titles(await list('many', '?unread=true'))).toEqual(['four'])
    expect(await read({})).toBe(0)
  })

  test('keeps projects apart, and viewers from marking', async () => {
    const ids = await filled('mine', ['one'])
    await filled('theirs', ['other'])
    expect(titles(await list('mine'))).toEqual(['one'])
    await call('POST', 'theirs/inbox/read', { ids: [ids['one']] })
    expect((await list('mine')).unread).toBe(1)
    expect((await call('GET', `theirs/inbox/${ids['one']}`)).status).toBe(404)
    expect((await call('POST', `theirs/inbox/${ids['one']}/read`)).status).toBe(404)
    expect((await list('mine')).unread).toBe(1)
    const viewer = await daemon.token('looker', 'viewer')
    expect((await call('GET', 'mine/inbox', undefined, viewer)).status).toBe(200)
    expect((await call('POST', 'mine/inbox/read', {}, viewer)).status).toBe(403)
  })

  test.each([
    [{ id: 'x' }, 'id'],
    [{ ids: 'x' }, 'ids'],
    [{ ids: [1] }, 'ids.0'],
    [{ ids: [], upTo: 'x' }, 'upTo'],
  ])('refuses to mark %j', async (body, path) => {
    const answer = await call<{ issues: { path: string }[] }>('POST', 'default/inbox/read', body)
    expect([answer.status, answer.body.issues[0]?.path]).toEqual([400, path])
  })

  test('outlives a crash, with what is read', async () => {
    const ids = await filled('crash', ['one', 'two'])
    await call('POST', `crash/inbox/${ids['one']}/read`)
    await daemon.crash()
    const page = await list('crash')
    expect([titles(page), page.unread]).toEqual([['two', 'one'], 1])
  })

  test('forgets what has been kept long enough, be its delivery gone or not', async () => {
    await filled('short', ['one'], { retentionDays: 1 })
    await filled('long', ['one'], { retentionDays: 60 })
    // What is too old is looked for every few minutes.
    const tidied = (check: () => Promise<unknown>) =>
      eventually(async () => {
        daemon.clock.advance(60_000)
        await check()
      }, 4000)
    daemon.clock.advance(2 * DAY)
    await tidied(async () => expect(titles(await list('short'))).toEqual([]))
    daemon.clock.advance(50 * DAY)
    const deliveries = async () => (await call<{ items: unknown[] }>('GET', 'long/deliveries')).body.items
    await tidied(async () => expect(await deliveries()).toEqual([]))
    expect(titles(await list('long'))).toEqual(['one'])
    expect((await list('long')).items[0]).toMatchObject({ hasDelivery: false, evaluationId: null })
    daemon.clock.advance(10 * DAY)
    await tidied(async () => expect(titles(await list('long'))).toEqual([]))
  })
})
