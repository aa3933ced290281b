import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type TestBrowser } from '../support/browser.ts'
import { addresses, furnish, happened, overflow, settled, signIn, type Watching, watching } from '../support/console.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

const MARKUP = '<img src=x onerror="window.hit=1"><script>window.hit=1</script><b class="hit">bold</b>'
const BIDI = 'safe \u202Etxt.exe\u2066 \u200F'
const LONG = 'w'.repeat(100_000)

describe('hostile data', () => {
  let browser: TestBrowser
  let world: Watching
  let places: string[]
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    world.sql('DELETE FROM scores')
    for (const name of [MARKUP, BIDI, LONG]) world.sql('INSERT INTO scores VALUES (?, 0.9)', name)
    const ids = await furnish(world, {
      name: `${MARKUP} ${BIDI}`.slice(0, 190),
      description: `${MARKUP} ${BIDI}`,
      tags: [MARKUP.slice(0, 90), BIDI],
      message: {
        title: `{{ rows[0].name }} ${BIDI}`,
        summary: '{{ rows[2].name }}',
        links: [
          { text: 'a script', url: 'javascript:window.hit=1' },
          { text: 'data', url: 'data:text/html,<script>window.hit=1</script>' },
        ],
      },
    })
    await world.daemon.api('POST', '/channels', { name: MARKUP.slice(0, 190), kind: 'console' })
    places = [...addresses(ids), ...(await happened(world, `${MARKUP} ${BIDI} ${LONG.slice(0, 5000)}`))]
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  test.each([1280, 390])(
    'is shown as text on every page, %i pixels wide, and breaks none',
    async (width) => {
      const { page, complaints } = await browser.open({ viewport: { width, height: 800 } })
      await signIn(page, world.daemon)
      for (const place of places) {
        await page.goto(world.daemon.url + place)
        await settled(page)
        const found = await page.evaluate(`({
        ran: window.hit !== undefined,
        made: document.querySelectorAll('img, .hit, main script, iframe').length,
        links: [...document.querySelectorAll('a')].map(({ href }) => href).filter((href) => !/^https?:/.test(href)),
      })`)
        expect([place, found]).toEqual([place, { ran: false, made: 0, links: [] }])
        expect([place, await overflow(page)]).toEqual([place, 0])
      }
      expect(complaints).toEqual([])
    },
    120_000,
  )

  test('cannot turn the direction of what stands beside it', async () => {
    const { page } = await browser.open()
    await signIn(page, world.daemon, '/rules')
    await settled(page)
    const bare = await page.evaluate<number>(`[...document.querySelectorAll('main *')].filter((one) =>
      [...one.childNodes].some((node) => node.nodeType === 3 && /[\\u202A-\\u202E\\u2066-\\u2069]/.test(node.data)) &&
      one.closest('bdi, td, dd, pre, code, option, textarea') === null).length`)
    expect(bare).toBe(0)
  }, 30_000)

  test('of a hundred thousand characters is cut, and comes whole when one asks for it', async () => {
    const { page } = await browser.open()
    const delivery = places.find((place) => place.startsWith('/deliveries/'))!
    await signIn(page, world.daemon, delivery)
    await settled(page)
    const more = page.getByRole('button', { name: /^Show all/ }).first()
    expect((await page.locator('main').textContent())!.length).toBeLessThan(50_000)
    await more.click()
    await page.getByRole('button', { name: 'Show less' }).first().waitFor()
    expect((await page.locator('main').textContent())!.length).toBeGreaterThan(10_000)
  }, 30_000)
})
