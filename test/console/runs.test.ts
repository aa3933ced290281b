import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type Page, type TestBrowser } from '../support/browser.ts'
import { happened, RUN, settled, signIn, type Watching, watching } from '../support/console.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

describe('runs', () => {
  let browser: TestBrowser
  let world: Watching
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    const { api } = world.daemon
    await api('POST', '/channels', { name: 'Ops', kind: 'console' })
    const about = { runs: {}, routes: [{ channel: 'Ops' }] }
    const never = { dialect: 'python', text: 'run["state"] == "completed"' }
    await api('POST', '/rules', { ...about, name: 'Failed runs', when: ['error'] })
    await api('POST', '/rules', { ...about, name: 'Mistaken', when: ['error'], condition: never })
    await api('POST', '/rules', { ...about, name: 'Three in a row', when: [{ failures: 3 }] })
    await api('POST', '/rules', {
      ...about,
      name: 'Production alone',
      runs: { labels: { env: 'prod' } },
      when: ['end'],
    })
    await happened(world)
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })
  const names = async (page: Page) => {
    await settled(page)
    return page.locator('table.list tbody tr td:nth-child(2) a').allTextContents()
  }

  test('one shows its facts, steps, what each rule sent, and why others sent nothing', async () => {
    const { page, complaints } = await browser.open()
    await signIn(page, world.daemon, RUN)
    await page.getByRole('heading', { name: 'nightly', exact: true }).waitFor()
    await page.getByText('1 min 35 s', { exact: true }).waitFor()
    await page.getByText('no such file').first().waitFor()
    const told = page.getByRole('table', { name: 'What each rule sent' })
    const row = (rule: string) => told.getByRole('row').filter({ hasText: rule })
    await row('Failed runs').getByText('delivered').waitFor()
    expect(await row('Mistaken').textContent()).toContain('The condition was false.')
    expect(await row('Three in a row').textContent()).toContain('The runs before this one are not those')
    await page.getByText('Rule "Production alone" has not decided on it: its label env is').waitFor()

    await row('Failed runs').getByRole('link', { name: 'See the message' }).click()
    await page.getByRole('heading', { name: '[FAILED] nightly' }).waitFor()
    await page.getByRole('link', { name: 'its evaluation' }).click()
    await page.getByRole('heading', { name: 'Evaluation of Failed runs' }).waitFor()
    await page.getByRole('link', { name: 'nightly error' }).click()
    await page.waitForURL(world.daemon.url + RUN)
    await page.goto(`${world.daemon.url}/projects/default/runs/nobody`)
    await page.getByText('There is no run "nobody"').waitFor()
    expect(complaints).toEqual([])
  }, 30_000)

  test('are what a rule may be for: it says which, and offers neither to be run nor a value over time', async () => {
    const { page } = await browser.open()
    await signIn(page, world.daemon, '/rules')
    await page.getByRole('button', { name: 'Pause Failed runs' }).waitFor()
    expect(await page.getByRole('button', { name: /^Run / }).count()).toBe(0)
    await page.getByRole('link', { name: 'Failed runs' }).click()
    await page.getByText('It tells of runs named "*" when: error.').waitFor()
    expect(await page.getByRole('heading', { name: 'Value against the threshold' }).count()).toBe(0)
    await page.getByRole('link', { name: 'Edit' }).click()
    await page.getByText('PATCH /api/v1/projects/default/rules/rul_').waitFor()
  }, 30_000)

  test('come in as they are told of, and change where they stand', async () => {
    const { page } = await browser.open()
    await signIn(page, world.daemon, '/runs')
    await page.getByRole('link', { name: 'nightly', exact: true }).waitFor()
    await world.daemon.api('PUT', '/runs/live', { name: 'just now', state: 'running', labels: { env: 'test' } })
    const row = page.getByRole('row').filter({ hasText: 'just now' })
    await row.getByText('running').waitFor({ timeout: 5000 })
    expect(await row.textContent()).toContain('so far')
    await world.daemon.api('PUT', '/runs/live', { state: 'completed' })
    await row.getByText('completed').waitFor({ timeout: 5000 })
    await row.getByRole('link', { name: 'just now' }).click()
    await page.getByRole('heading', { name: 'just now' }).waitFor()
    await world.daemon.api('PUT', '/runs/live', { results: { rows: 77 } })
    await page.getByText('77', { exact: true }).waitFor({ timeout: 5000 })
  }, 30_000)

  test('are found by state, part of the name and label, page by page', async () => {
    const { page } = await browser.open()
    const events = Array.from({ length: 60 }, (_, number) => ({
      uid: `b${number}`,
      name: number % 2 === 0 ? 'Backup' : 'Report',
      state: number === 7 ? 'aborted' : 'completed',
      labels: { part: String(number % 3) },
    }))
    await world.daemon.api('POST', '/runs/events', { events })
    await signIn(page, world.daemon, '/runs')
    expect(await names(page)).toHaveLength(50)
    await page.getByRole('link', { name: 'More', exact: true }).click()
    await page.getByRole('link', { name: 'nightly', exact: true }).waitFor()
    await page.getByRole('link', { name: 'Back to the first' }).click()
    await page.getByRole('link', { name: 'More', exact: true }).waitFor()

    await page.getByRole('link', { name: 'Aborted' }).click()
    await page.getByText('job of default, b7').waitFor()
    expect(await names(page)).toEqual(['Report'])
    await page.getByRole('link', { name: 'Completed' }).click()
    await page.getByLabel('Part of the name').fill('back')
    // What comes in meanwhile takes away nothing that was typed.
    await world.daemon.api('PUT', '/runs/between', { name: 'between', state: 'completed' })
    await page.getByRole('link', { name: 'between' }).waitFor({ timeout: 5000 })
    await page.getByLabel('Part of the name').press('Enter')
    await page.getByText('Report').first().waitFor({ state: 'detached' })
    expect(new Set(await names(page))).toEqual(new Set(['Backup']))
    expect(await names(page)).toHaveLength(30)
    await page.getByRole('link', { name: 'part=2' }).first().click()
    await page.getByText('labelled part=2').waitFor()
    expect(await names(page)).toHaveLength(20)
    await page.getByRole('link', { name: 'Skipped' }).click()
    await page.getByText('No run is like that.').waitFor()
    await page.getByRole('link', { name: 'Show all runs' }).click()
    await page.getByRole('link', { name: 'More', exact: true }).waitFor()
  }, 60_000)
})
