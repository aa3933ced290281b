import { expect, test } from 'bun:test'
import { browserNeeds, openBrowser } from '../support/browser.ts'
import { signIn } from '../support/console.ts'
import { startDaemon } from '../support/executable.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

describe('a newcomer', () => {
  test('gets from an empty console to a fired alert within a minute, and to its trace, its message and back', async () => {
    await using daemon = await startDaemon()
    await using browser = await openBrowser()
    const { page, complaints } = await browser.open()
    const began = performance.now()
    await signIn(page, daemon)
    await page.getByRole('heading', { name: 'First steps' }).waitFor()
    await page.getByRole('button', { name: 'Try the sample' }).click()
    const alerts = page.getByRole('table', { name: 'Alerts that are not normal' })
    await alerts.getByText('firing').first().waitFor({ timeout: 60_000 })
    expect(performance.now() - began).toBeLessThan(60_000)

    const drift = alerts.getByRole('row').filter({ hasText: 'Model drift' })
    expect(await drift.textContent()).toContain('model churn')
    await drift.getByRole('link', { name: 'delivered' }).waitFor()
    await drift.getByRole('link', { name: 'Trace' }).click()
    await page.getByRole('heading', { name: 'Evaluation of Model drift' }).waitFor()
    expect(await page.getByRole('table', { name: 'What became of each route' }).textContent()).toContain('sample inbox')

    await page.getByRole('link', { name: 'Now', exact: true }).click()
    await drift.getByRole('link', { name: 'delivered' }).click()
    await page.getByRole('heading', { name: 'Attempts' }).waitFor()
    const message = page.url()
    await page.getByRole('link', { name: 'its evaluation' }).click()
    await page.getByRole('link', { name: 'See the message' }).click()
    await page.waitForURL(message)

    await page.getByRole('link', { name: 'Rules', exact: true }).click()
    await page.getByRole('link', { name: 'Failing predictions' }).click()
    expect(await page.getByRole('img', { name: /Values over time/ }).getAttribute('aria-label')).toContain('against 5')
    await page.locator('canvas').waitFor()

    await page.getByRole('link', { name: 'Now', exact: true }).click()
    page.on('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: 'Remove the sample' }).click()
    await page.getByRole('heading', { name: 'First steps' }).waitFor()
    expect(complaints).toEqual([])
  }, 120_000)

  test('a message leads to its trace by the address that messages name', async () => {
    await using daemon = await startDaemon()
    await using browser = await openBrowser()
    const { page } = await browser.open()
    await daemon.api('POST', '/sample')
    const { items } = await daemon.api<{ items: { id: string }[] }>('GET', '/rules')
    const run = await daemon.api('POST', `/rules/${items[0]!.id}/run`)
    await signIn(page, daemon, `/evaluations/${run['evaluation']}`)
    await page.getByRole('heading', { name: 'Evaluation of Model drift' }).waitFor()
  }, 60_000)

  test('of several projects one is chosen, and a message of another one leads there', async () => {
    await using daemon = await startDaemon()
    await using browser = await openBrowser()
    const { page } = await browser.open()
    await daemon.api('POST', '/projects/blue/sample')
    const { items } = await daemon.api<{ items: { id: string }[] }>('GET', '/projects/blue/rules')
    const run = await daemon.api('POST', `/projects/blue/rules/${items[0]!.id}/run`)
    await signIn(page, daemon)
    await page.getByRole('heading', { name: 'First steps' }).waitFor()
    await page.getByLabel('Project').selectOption('blue')
    await page.getByRole('link', { name: 'Rules', exact: true }).click()
    await page.getByRole('link', { name: 'Model drift' }).waitFor()
    await page.getByLabel('Project').selectOption('default')
    await page.getByRole('heading', { name: 'First steps' }).waitFor()
    await page.goto(`${daemon.url}/evaluations/${run['evaluation']}?project=blue`)
    await page.getByRole('heading', { name: 'Evaluation of Model drift' }).waitFor()
  }, 60_000)
})
