import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mailHtml } from '../../../src/channels/mail/html.ts'
import { type Browser, chromium, type Page, startBrowser } from '../../support/browser.ts'
import { serverPackages, skipUnless } from '../../support/requirements.ts'
import { firing, messages } from '../messages.ts'

const here = await skipUnless(serverPackages, chromium)
/** Where pictures go to be looked at; none are taken unless it is named. */
const pictures = process.env['TOCSIN_TEST_PICTURES']
const widths = { phone: 375, desktop: 1280 }

here('the HTML of mail in a browser', () => {
  let browser: Browser
  let page: Page
  const happened: string[] = []

  beforeAll(async () => {
    browser = await startBrowser()
    page = await browser.newPage()
    page.on('dialog', () => happened.push('a script ran'))
    page.on('request', (request) => happened.push(request.url()))
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
  }, 30_000)
  afterAll(() => browser.close())

  const cases = Object.keys(messages).flatMap((name) => Object.keys(widths).map((device) => [name, device] as const))
  test.each(cases)('%s fits a %s: nothing is wider than the page, all of it can be read', async (name, device) => {
    const width = widths[device as keyof typeof widths]
    await page.setViewportSize({ width, height: 900 })
    await page.setContent(mailHtml(messages[name] ?? firing))
    if (pictures !== undefined)
      await page.screenshot({ path: join(pictures, `${name}-${device}.png`), fullPage: name !== 'very-long' })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    // Tables may scroll within their own box; whatever else reaches past the edge cannot be read.
    const beyond = await page.evaluate<string[]>(`
      [...document.querySelectorAll('h1, p, pre, a, td')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth && element.closest('div') === null)
        .map((element) => element.textContent.slice(0, 40))`)
    expect(beyond).toEqual([])
    const smallest = await page.evaluate<number>(`
      Math.min(...[...document.querySelectorAll('h1, p, pre, td, th')].map((element) => parseFloat(getComputedStyle(element).fontSize)))`)
    expect(smallest).toBeGreaterThanOrEqual(12)
  })

  test('runs no script, loads nothing, and links lead only where links may', async () => {
    happened.length = 0
    await page.setContent(mailHtml(messages['hostile'] ?? firing))
    expect(happened).toEqual([])
    const links = await page.evaluate<string[]>('[...document.links].map((link) => link.protocol)')
    expect([...new Set(links)]).toEqual(['https:'])
    expect(
      await page.evaluate("document.querySelectorAll('script, iframe, img, form, [onerror], [onclick]').length"),
    ).toBe(0)
    expect(await page.evaluate<string>("document.querySelector('h1').textContent")).toContain(
      '<script>alert(1)</script>',
    )
  })

  test('has enough contrast in every colour it uses for text', async () => {
    for (const severity of ['debug', 'info', 'warning', 'error', 'critical'] as const) {
      await page.setContent(mailHtml({ ...firing, severity }))
      const ratios = await page.evaluate<number[]>(contrasts)
      expect(Math.min(...ratios)).toBeGreaterThanOrEqual(4.5)
    }
  })
})

/** The contrast of each text with what lies behind it, by WCAG 2. */
const contrasts = `
  (() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number)
    const luminance = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      return 0.2126 * x + 0.7152 * y + 0.0722 * z
    }
    const behind = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor)
        if (colour.length === 3 || colour[3] > 0) return colour
      }
      return [255, 255, 255]
    }
    return [...document.querySelectorAll('h1, p, pre, a, td, th, code')].map((element) => {
      const [one, other] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))]
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    })
  })()`
