import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type TestBrowser } from '../support/browser.ts'
import { furnish, settled, signIn, type Watching, watching } from '../support/console.ts'
import { skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'

const describe = await skipUnless(...browserNeeds)

describe('the inbox', () => {
  let browser: TestBrowser
  let world: Watching
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    await world.daemon.api('POST', '/channels', { name: 'Kept here', kind: 'inbox' })
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  const unread = async () => (await world.daemon.api<{ unread: number }>('GET', '/inbox')).unread
  /** Messages of these titles, once they are there. */
  async function send(...titles: string[]) {
    const before = await unread()
    for (const title of titles)
      await world.daemon.api('POST', '/channels/Kept here/send', { message: { title, summary: `about ${title}` } })
    await eventually(async () => expect(await unread()).toBe(before + titles.length))
  }

  test('counts what is unread on every page as it comes in, and a message is read by being opened', async () => {
    const { page, complaints } = await browser.open()
    await signIn(page, world.daemon, '/rules')
    await page.getByRole('link', { name: 'Inbox', exact: true }).waitFor()
    await send('One', 'Two')
    await page.getByRole('link', { name: 'Inbox 2 unread' }).waitFor({ timeout: 5000 })
    await page.getByRole('link', { name: 'Inbox 2 unread' }).click()
    await page.getByText('about Two').waitFor()
    await page.getByRole('link', { name: 'One', exact: true }).click()
    await page.getByRole('heading', { name: 'One' }).waitFor()
    await page.getByRole('link', { name: 'Inbox 1 unread' }).waitFor({ timeout: 5000 })
    await page.getByRole('button', { name: 'Mark as unread' }).click()
    await page.getByRole('link', { name: 'Inbox 2 unread' }).waitFor({ timeout: 5000 })
    expect(await unread()).toBe(2)
    await page.getByRole('link', { name: 'Delivery', exact: true }).click()
    await page.getByRole('heading', { name: 'Attempts' }).waitFor()
    expect(complaints).toEqual([])
  }, 30_000)

  test('marks one, or all that are there, as read', async () => {
    const { page } = await browser.open()
    await send('Three')
    await signIn(page, world.daemon, '/inbox')
    await page.getByRole('link', { name: 'Unread', exact: true }).click()
    await page.getByRole('button', { name: 'Mark as read Three' }).click()
    await page.getByRole('link', { name: 'Three' }).waitFor({ state: 'detached', timeout: 5000 })
    await page.getByRole('button', { name: 'Mark all as read' }).click()
    await page.getByText('Everything is read.').waitFor({ timeout: 5000 })
    await page.getByRole('link', { name: 'Inbox', exact: true }).waitFor({ timeout: 5000 })
    expect(await unread()).toBe(0)
    await page.getByRole('link', { name: 'Show all messages' }).click()
    await page.getByRole('link', { name: 'Three' }).waitFor()
  }, 30_000)

  test('leads from what a rule sent to its trace', async () => {
    const { page } = await browser.open()
    const ids = await furnish(world, { routes: [{ channel: 'Kept here' }] })
    await eventually(async () => expect(await unread()).toBe(1))
    await signIn(page, world.daemon, '/inbox')
    await page.getByRole('link', { name: '[FIRING] Scores over the limit (name=a)' }).click()
    await page.getByRole('heading', { name: 'Message' }).waitFor()
    await page.getByRole('link', { name: 'Trace' }).click()
    await page.waitForURL(`${world.daemon.url}/evaluations/${ids.evaluation}`)
  }, 30_000)

  test('is looked at by a viewer without being read by that', async () => {
    const { page, complaints } = await browser.open()
    await send('Four')
    const { dataDir, url } = world.daemon
    const made = world.daemon.run('token', 'create', '--data-dir', dataDir, '--name', 'guest', '--role', 'viewer')
    await signIn(page, { url, token: made.out.split('\n').at(-1) ?? '' }, '/inbox')
    await settled(page)
    expect(await page.locator('main button').count()).toBe(0)
    await page.getByRole('link', { name: 'Four' }).click()
    await page.getByText('not yet').waitFor()
    expect(await page.locator('main button').count()).toBe(0)
    expect(await unread()).toBe(1)
    expect(complaints).toEqual([])
  }, 30_000)
})
