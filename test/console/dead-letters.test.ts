import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type TestBrowser } from '../support/browser.ts'
import { picture, settled, signIn, violations, type Watching, watching } from '../support/console.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'

const describe = await skipUnless(...browserNeeds)

describe('dead letters', () => {
  let browser: TestBrowser
  let world: Watching
  let receiver: Receiver
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    receiver = await startReceiver()
    const settings = { url: `${receiver.url}/hook` }
    await world.daemon.api('POST', '/channels', { name: 'Hook', kind: 'webhook', settings })
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
    await receiver.close()
  })

  const dead = async () =>
    (await world.daemon.api<{ items: { state: string }[] }>('GET', '/deliveries?state=rejected')).items.length
  async function refuse(...titles: string[]) {
    receiver.reply({ status: 400, body: 'no' })
    const before = await dead()
    for (const title of titles) await world.daemon.api('POST', '/channels/Hook/send', { message: { title } })
    await eventually(async () => expect(await dead()).toBe(before + titles.length))
  }

  test('are chosen, sent again and given up, one or all', async () => {
    const { page, complaints } = await browser.open({ bypassCSP: true })
    page.on('dialog', (dialog) => void dialog.accept())
    await refuse('First lost', 'Second lost', 'Third lost')
    await signIn(page, world.daemon, '/deliveries?show=dead')
    await settled(page)
    await page.getByText('Third lost').waitFor()
    expect(await page.getByText('message to Hook').count()).toBe(3)
    expect(await violations(page)).toEqual([])
    await picture(page, 'dead-letters desktop light')

    receiver.reply({ status: 204, body: '' })
    await page.getByLabel('Choose First lost', { exact: true }).click()
    await page.getByRole('button', { name: 'Retry 1', exact: true }).click()
    await page.getByText('First lost').waitFor({ state: 'detached' })
    await eventually(async () => {
      const { items } = await world.daemon.api<{ items: { title: string }[] }>('GET', '/deliveries?state=delivered')
      expect(items.map(({ title }) => title)).toEqual(['First lost'])
    })

    await page.getByRole('button', { name: 'Choose all shown' }).click()
    await page.getByRole('button', { name: 'Discard 2', exact: true }).click()
    await page.getByText('No message was given up.').waitFor()
    expect(await dead()).toBe(0)
    expect(complaints).toEqual([])
  }, 30_000)

  test('are sent again and given up from their own page', async () => {
    const { page } = await browser.open({ viewport: { width: 390, height: 800 }, bypassCSP: true })
    page.on('dialog', (dialog) => void dialog.accept())
    await refuse('Lost too')
    await signIn(page, world.daemon, '/deliveries?show=dead')
    await page.getByRole('link', { name: 'Lost too' }).click()
    await page.getByRole('button', { name: 'Send again' }).click()
    await page.getByText('by hand').first().waitFor()
    await page.getByRole('button', { name: 'Discard', exact: true }).click()
    await page.getByText('discarded').first().waitFor()
    expect(await violations(page)).toEqual([])
    expect(await dead()).toBe(0)
  }, 30_000)
})
