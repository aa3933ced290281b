import { afterAll, beforeAll, expect, test } from 'bun:test'
import { browserNeeds, openBrowser, type Page, type TestBrowser } from '../support/browser.ts'
import { settled, signIn, type Watching, watching } from '../support/console.ts'
import { startReceiver } from '../support/receiver.ts'
import { skipUnless } from '../support/requirements.ts'

const describe = await skipUnless(...browserNeeds)

/** What stands at a field, as one hears it. */
async function told(page: Page, label: string): Promise<string> {
  const field = page.getByLabel(label, { exact: true })
  const ids = (await field.getAttribute('aria-describedby'))?.split(' ') ?? []
  const texts = await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).textContent()))
  expect([label, await field.getAttribute('aria-invalid')]).toEqual([label, 'true'])
  return texts.join(' ')
}

describe('a form', () => {
  let browser: TestBrowser
  let world: Watching
  let page: Page
  beforeAll(async () => {
    browser = await openBrowser()
    world = await watching()
    page = (await browser.open()).page
    await signIn(page, world.daemon)
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })
  const open = async (place: string) => {
    await page.goto(world.daemon.url + place)
    await settled(page)
  }
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  test('of signing in says at its field that a token is none', async () => {
    const other = (await browser.open()).page
    await other.goto(world.daemon.url)
    await other.getByRole('button', { name: 'Sign in' }).click()
    await other.getByText('must not be empty').waitFor()
    await other.getByLabel('API token').fill('tcs_wrong')
    await other.getByRole('button', { name: 'Sign in' }).click()
    await other.getByText('is unknown or was revoked').waitFor()
    expect(await told(other, 'API token')).toContain('tocsin token create')
    await other.locator('[type=password]:focus').waitFor()
  }, 30_000)

  test.each([
    ['channels', 'webhook', 'URL'],
    ['channels', 'mail', 'Host'],
    ['connections', 'postgres', 'Host'],
    ['connections', 'clickhouse', 'URL'],
    ['connections', 'sqlite', 'File'],
  ])(
    'for %s of the kind %s names each missing field and goes to the first',
    async (collection, kind, label) => {
      await open(`/${collection}/new`)
      await page.getByLabel('Kind').selectOption(kind)
      await press('Create')
      await page.getByText('The marked fields say why').waitFor()
      expect(await told(page, 'Name')).toMatch(/must not be (empty|blank)/)
      await page.getByLabel('Name', { exact: true }).fill(`${kind} here`)
      await press('Create')
      await page.getByLabel('Name', { exact: true }).and(page.locator('[aria-invalid=false]')).waitFor()
      expect(await told(page, label)).not.toBe('')
      await page.locator('[aria-invalid=true]:focus').waitFor()
    },
    30_000,
  )

  test.each([
    ['mail', 'Port', 'many', 'must be a number'],
    ['webhook', 'URL', 'ftp://example.com', 'must be a URL'],
    ['webhook', 'Signing secret', 'short', 'whsec_'],
    ['webhook', 'Headers', 'Bad Name: x', 'must be named by letters'],
    ['webhook', 'Timeout', '1e9', '120 seconds at most'],
    ['webhook', 'Own authorities', 'no certificate', 'PEM'],
    ['slack', 'Webhook URL', 'ftp://hooks.slack.com/x', 'http'],
    ['slack', 'Address of the API', 'nowhere', 'http'],
    ['teams', 'Webhook URL', 'my flow', 'http'],
    ['teams', 'Timeout', '0', '1 second at least'],
    ['twilio', 'Account SID', 'AC12', '32 digits'],
    ['twilio', 'From', '<me>', 'must be a number such as'],
    ['twilio', 'Segments', '11', '10 at most'],
    ['git', 'Repository', 'acme models', 'owner/name'],
    ['git', 'Issue', '#4', 'such as 42'],
    ['git', 'Access token', 'two words', 'without spaces'],
    ['shell', 'Script file', 'page.sh', 'whole path'],
    ['shell', 'Environment', '1A: x', 'letters, digits and underscores'],
    ['inbox', 'Kept for', '0', '1 day at least'],
    ['microsoft-graph-mail', 'Directory (tenant) ID', 'a b', 'must be an id such as'],
    ['microsoft-graph-mail', 'Sender', 'nobody', 'address'],
  ])(
    'for a channel of the kind %s says what is wrong with "%s"',
    async (kind, label, value, says) => {
      await open('/channels/new')
      await page.getByLabel('Kind').selectOption(kind)
      await page.getByLabel('Name', { exact: true }).fill('wrong')
      await page.getByLabel(label, { exact: true }).fill(value)
      await press('Create')
      await page.getByText('The marked fields say why').waitFor()
      expect(await told(page, label)).toContain(says)
    },
    30_000,
  )

  test('says what no field can show, such as a name that is taken', async () => {
    await world.daemon.api('POST', '/channels', { name: 'Taken', kind: 'console' })
    await open('/channels/new')
    await page.getByLabel('Kind').selectOption('console')
    await page.getByLabel('Name', { exact: true }).fill('Taken')
    await press('Create')
    await page.getByText('The marked fields say why').waitFor()
    expect(await told(page, 'Name')).toContain('is taken by another channel')
  }, 30_000)

  test('keeps, replaces and clears secrets that it never shows', async () => {
    const receiver = await startReceiver()
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const settings = { url: `${receiver.url}/one`, secret, headers: { Authorization: 'once' } }
    const { id } = await world.daemon.api<{ id: string }>('POST', '/channels', {
      name: 'Hook',
      kind: 'webhook',
      settings,
    })
    await open(`/channels/${id}`)
    expect(await page.content()).not.toContain(secret)
    expect(await page.getByText('Set, and never shown').count()).toBe(3)
    await page.getByRole('button', { name: 'Replace Headers' }).click()
    await page.getByLabel('Headers', { exact: true }).fill('Authorization: twice')
    await page.getByRole('button', { name: 'Clear Signing secret' }).click()
    await press('Save')
    await page.getByText('Saved.').waitFor()
    await world.daemon.api('POST', `/channels/${id}/test`)
    const [request] = await receiver.until(1)
    expect(request).toMatchObject({ path: '/one', headers: { authorization: 'twice' } })
    expect(request!.headers['webhook-signature']).toBeUndefined()
    await receiver.close()
  }, 30_000)

  test("shows the receiver's raw answer to a test, and what a connection's check finds", async () => {
    const receiver = await startReceiver()
    receiver.reply({ status: 410, body: '{"error":"channel_archived"}' })
    const settings = { url: receiver.url }
    const hook = await world.daemon.api<{ id: string }>('POST', '/channels', {
      name: 'Gone',
      kind: 'webhook',
      settings,
    })
    await open(`/channels/${hook.id}`)
    await press('Send a test message')
    await page.getByText('{"error":"channel_archived"}').waitFor()
    receiver.reply({ status: 400, body: 'no such room' })
    await open('/channels/new')
    await page.getByLabel('URL', { exact: true }).fill(`${receiver.url}/other`)
    await press('Test what is typed')
    await page.getByText('no such room').waitFor()
    await receiver.close()
    const connection = { name: 'nowhere', kind: 'sqlite', settings: { path: '/nowhere/at/all.db' } }
    const { id } = await world.daemon.api<{ id: string }>('POST', '/connections', connection)
    await open(`/connections/${id}`)
    await press('Check the connection')
    await page.getByText('connections.sqlite.paths').last().waitFor()
  }, 30_000)
})

describe('the form of a rule', () => {
  test('is filled with real rows, a live condition, words for its times and a preview, and saves', async () => {
    await using browser = await openBrowser()
    await using world = await watching()
    const { page, complaints } = await browser.open()
    const field = (label: string) => page.getByLabel(label, { exact: true })
    await signIn(page, world.daemon, '/new')
    await page.getByRole('link', { name: 'Connect a database first' }).waitFor()
    await world.daemon.api('POST', '/connections', { name: 'scores', kind: 'sqlite', settings: { path: world.file } })
    await world.daemon.api('POST', '/channels', { name: 'Ops', kind: 'console' })
    await page.reload()
    await field('Query').fill('SELECT nme FROM scores')
    await page.getByRole('button', { name: 'Run it on real rows' }).click()
    await page.getByText('no such column').waitFor()
    await field('Query').fill('SELECT name, score FROM scores')
    await page.getByRole('button', { name: 'Run it on real rows' }).click()
    await page.getByText('2 rows in').waitFor()

    await field('Value').fill('0.5')
    await page.getByText('Now: ').getByText('true').waitFor()
    await field('One alert for each value of').fill('name')
    await page.getByText('name b: 0.1').waitFor()
    await field('Condition').selectOption('expression')
    await field('Expression').fill('row["scor"] > 0.5')
    await page
      .getByText(/\bscor\b/)
      .last()
      .waitFor()
    await field('Expression').fill('row["score"] > 0.5')
    await page.getByText('name a: 0.9').waitFor()

    await field('Runs').selectOption('cron')
    await field('Cron').fill('every day')
    await page.getByText('it must have five').waitFor()
    await field('Cron').fill('0 9 * * 1-5')
    await page.getByText('At 09:00, Monday through Friday').waitFor()
    expect(await page.locator('.times li').count()).toBe(5)

    await field('Title').fill('{{ labels.name ')
    await page.getByRole('button', { name: 'Save the rule' }).click()
    await page.getByText('The marked fields say why').waitFor()
    expect(await told(page, 'Name')).toMatch(/must not be (empty|blank)/)
    await field('Name').fill('From the console')
    await page.getByRole('button', { name: 'Save the rule' }).click()
    await field('Name').and(page.locator('[aria-invalid=false]')).waitFor()
    expect(await told(page, 'Title')).toContain('is never closed by }}')
    await field('Title').fill('{{ labels.name }} is high')
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByText('a is high').first().waitFor()
    await page.getByText('As console gets it').click()
    await page.locator('pre').getByText('WARNING  firing  a is high').waitFor()

    await page.getByRole('button', { name: 'Save the rule' }).click()
    await page.getByRole('heading', { name: 'From the console' }).waitFor()
    const { items } = await world.daemon.api<{ items: object[] }>('GET', '/rules')
    expect(items).toMatchObject([
      {
        name: 'From the console',
        condition: { text: 'row["score"] > 0.5' },
        fingerprint: ['name'],
        schedule: { cron: '0 9 * * 1-5' },
        routes: [{ channel: 'Ops' }],
      },
    ])

    await page.getByRole('link', { name: 'Edit' }).click()
    await field('Severity').selectOption('critical')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Run From the console' }).click()
    await page.getByRole('table', { name: 'Alerts of this rule' }).getByText('firing').waitFor()
    expect(complaints).toEqual([])
  }, 90_000)
})
