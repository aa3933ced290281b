import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type TestBrowser } from '../support/browser.ts'
import {
  addresses,
  furnish,
  happened,
  overflow,
  picture,
  settled,
  signIn,
  violations,
  type Watching,
  watching,
} from '../support/console.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

describe('every page', () => {
  let browser: TestBrowser
  let world: Watching
  let places: string[]
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    places = addresses(await furnish(world))
    const rule = { name: 'Failed runs', runs: {}, when: ['error'], routes: [{ channel: 'Ops' }] }
    const { id } = await world.daemon.api<{ id: string }>('POST', '/rules', rule)
    places.push(...(await happened(world)), `/rules/${id}?of=runs`)
    const { items } = await world.daemon.api<{ items: { id: string }[] }>('GET', `/rules/${id}/evaluations`)
    places.push(`/evaluations/${items[0]!.id}?of=run`)
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  const screens = [
    ['desktop', 'light', 1280],
    ['desktop', 'dark', 1280],
    ['phone', 'light', 390],
    ['phone', 'dark', 390],
  ] as const
  test.each(screens)(
    'on a %s in %s: axe finds nothing, nothing is wider than the screen, nothing is against the policy',
    async (device, colorScheme, width) => {
      // The checker would be kept out by the console's own policy.
      const options = { viewport: { width, height: 800 }, colorScheme, bypassCSP: true }
      const { page, complaints } = await browser.open(options)
      await page.goto(world.daemon.url)
      await page.getByLabel('API token').waitFor()
      const found = [...(await violations(page)).map((each) => `sign-in: ${each}`)]
      await picture(page, `sign-in ${device} ${colorScheme}`)
      await signIn(page, world.daemon)
      for (const place of places) {
        await page.goto(world.daemon.url + place)
        await settled(page)
        found.push(...(await violations(page)).map((each) => `${place}: ${each}`))
        const wide = await overflow(page)
        if (wide > 0) found.push(`${place} is ${wide} pixels too wide`)
        await picture(
          page,
          `${
            place
              .slice(1)
              .replace(/_[^/?]*/, '')
              .replaceAll(/[/?=]/g, '-') || 'now'
          } ${device} ${colorScheme}`,
        )
      }
      expect(found).toEqual([])
      expect(complaints).toEqual([])
    },
    120_000,
  )

  test('a rule on runs says why the address of a run is empty, where nobody told where people reach Tocsin', async () => {
    const rule = { name: 'Linked', runs: {}, when: ['end'], message: { title: 'At {{ scenarioRunURL }}' } }
    const { id } = await world.daemon.api<{ id: string }>('POST', '/rules', { ...rule, routes: [{ channel: 'Ops' }] })
    const { page, complaints } = await browser.open()
    await signIn(page, world.daemon, `/rules/${id}`)
    await page.getByText('"scenarioRunURL" is empty for runs that bring no "url" along').waitFor()
    await page.getByText('the operator sets baseUrl (TOCSIN_BASE_URL)').waitFor()
    expect(complaints).toEqual([])
  }, 30_000)

  test('loads nothing from elsewhere, runs nothing but its own script, and is not kept', async () => {
    const { page, complaints } = await browser.open()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await signIn(page, world.daemon)
    for (const place of places) {
      await page.goto(world.daemon.url + place)
      await settled(page)
    }
    expect(asked.filter((url) => !url.startsWith(world.daemon.url))).toEqual([])
    expect(complaints).toEqual([])
    const { headers } = await fetch(world.daemon.url, { headers: { accept: 'text/html' } })
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect(headers.get('cache-control')).toBe('no-store')
  }, 60_000)

  test('a choice of colours holds over the next visit', async () => {
    const { page } = await browser.open({ colorScheme: 'light' })
    await signIn(page, world.daemon)
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.getByLabel('Colours').selectOption('dark')
    const dark = await ground()
    expect(dark).not.toBe(light)
    await page.reload()
    await page.getByLabel('Colours').waitFor()
    expect(await ground()).toBe(dark)
  }, 30_000)
})
