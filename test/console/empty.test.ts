import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type TestBrowser } from '../support/browser.ts'
import { overflow, picture, settled, signIn, violations } from '../support/console.ts'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

describe('a console with nothing in it yet', () => {
  let browser: TestBrowser
  let daemon: Daemon
  beforeAll(async () => {
    browser = await openBrowser()
    daemon = await startDaemon()
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await daemon[Symbol.asyncDispose]()
  })

  test.each([
    ['desktop', 'light', 1280],
    ['phone', 'dark', 390],
  ] as const)(
    'says on every page what to do next, on a %s in %s',
    async (device, colorScheme, width) => {
      const options = { viewport: { width, height: 800 }, colorScheme, bypassCSP: true }
      const { page, complaints } = await browser.open(options)
      await signIn(page, daemon)
      const next = {
        '/': '/connections/new',
        '/inbox': '/channels/new',
        '/rules': '/new',
        '/deliveries': '/channels',
        '/channels': '/channels/new',
        '/connections': '/connections/new',
        '/new': '/connections/new',
      }
      for (const [place, way] of Object.entries(next)) {
        await page.goto(daemon.url + place)
        await settled(page)
        expect([place, await page.locator(`main .empty a[href="${way}"]`).count()]).toEqual([place, 1])
      }
      for (const place of [...Object.keys(next), '/runs', '/deliveries?show=dead', '/runs?state=error']) {
        await page.goto(daemon.url + place)
        await settled(page)
        expect([place, await violations(page), await overflow(page)]).toEqual([place, [], 0])
        await picture(page, `empty ${place.slice(1).replaceAll(/[/?=]/g, '-') || 'now'} ${device} ${colorScheme}`)
      }
      await page.goto(`${daemon.url}/runs`)
      await page.getByText('tocsin exec --name nightly-backup').waitFor()
      expect(complaints).toEqual([])
    },
    60_000,
  )
})
