import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type Page, type TestBrowser } from '../support/browser.ts'
import { addresses, furnish, happened, settled, signIn, type Watching, watching } from '../support/console.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

/** What has the focus: whether anything, how it is shown, and its number among all that can have it. */
interface Focus {
  at: number
  name: string
  isShown: boolean
}

/** Everything that can be reached, in the order of the page; one of a group of radio buttons stands for it. */
const REACHABLE = `(() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  return all.filter((one) => {
    if (one.disabled || one.closest('details:not([open])') !== null && one.tagName !== 'SUMMARY') return false
    if (one.type === 'radio') return one.checked
    return one.getClientRects().length > 0
  })
})()`

const focus = (page: Page) =>
  page.evaluate<Focus>(`(() => {
    const one = document.activeElement
    const style = getComputedStyle(one)
    const isShown = one.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
    return { at: ${REACHABLE}.indexOf(one), name: one.tagName + ' ' + one.textContent.slice(0, 40), isShown }
  })()`)

describe('by keyboard', () => {
  let browser: TestBrowser
  let world: Watching
  let places: string[]
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    places = [...addresses(await furnish(world)), ...(await happened(world))]
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  test('everything on every page is reached in order, and one sees where one is', async () => {
    const { page } = await browser.open({ viewport: { width: 1280, height: 900 } })
    await signIn(page, world.daemon)
    for (const place of places) {
      await page.goto(world.daemon.url + place)
      await settled(page)
      const count = await page.evaluate<number>(`${REACHABLE}.length`)
      const seen: Focus[] = []
      for (let step = 0; step < count; step += 1) {
        await page.keyboard.press('Tab')
        seen.push(await focus(page))
      }
      expect([place, seen.filter(({ isShown }) => !isShown)]).toEqual([place, []])
      expect([place, seen.map(({ at }) => at)]).toEqual([place, Array.from({ length: count }, (_, index) => index)])
    }
  }, 120_000)

  test('the first key of Tab leads past the navigation', async () => {
    const { page } = await browser.open()
    await signIn(page, world.daemon)
    await page.reload()
    await settled(page)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    expect(new URL(page.url()).hash).toBe('#main')
  }, 30_000)

  test('on another page the focus is at its heading, and its title says where one is', async () => {
    const { page } = await browser.open()
    await signIn(page, world.daemon)
    await page.getByRole('link', { name: 'Rules', exact: true }).press('Enter')
    await page.getByRole('heading', { name: 'Rules' }).waitFor()
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
    expect(await page.title()).toBe('Rules · Tocsin')
    await page.goBack()
    await page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
  }, 30_000)

  test('signing in, making a channel, testing it, and pausing a rule need no mouse', async () => {
    const { page } = await browser.open()
    const { keyboard } = page
    await page.goto(world.daemon.url)
    await page.getByLabel('API token').focus()
    await keyboard.insertText(world.daemon.token)
    await keyboard.press('Enter')
    await page.getByRole('link', { name: 'Channels' }).press('Enter')
    await page.getByRole('link', { name: 'New channel' }).press('Enter')
    await page.getByLabel('Kind').focus()
    await page.getByLabel('Kind').press('C')
    await page.getByLabel('Name').focus()
    await keyboard.insertText('By keyboard')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor()
    await page.getByRole('button', { name: 'Send a test message' }).press('Enter')
    await page.getByText('delivered').first().waitFor()
    expect(await page.locator('.attempts pre').textContent()).toBe('printed')
    await page.getByRole('link', { name: 'Rules', exact: true }).press('Enter')
    await page.getByRole('button', { name: /Pause/ }).press('Space')
    await page.getByText('paused', { exact: true }).waitFor()
    await page.getByRole('button', { name: /Resume/ }).press('Space')
    await page.getByText('paused', { exact: true }).waitFor({ state: 'detached' })
  }, 60_000)
})
