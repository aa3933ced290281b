import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { Page } from './browser.ts'
import { type Daemon, startDaemon } from './executable.ts'
import { serversFolder } from './requirements.ts'
import { eventually } from './servers.ts'

const root = join(import.meta.dirname, '../..')

/** Signs in on the page that is open there, or is opened. */
export async function signIn(page: Page, { url, token }: Pick<Daemon, 'url' | 'token'>, path = '/'): Promise<void> {
  await page.goto(url + path)
  await page.getByLabel('API token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

/** A daemon with a SQLite database of one's own that it may query. */
export interface Watching extends AsyncDisposable {
  daemon: Daemon
  /** Path of the database: table `scores (name, score)`, with `a` at 0.9 and `b` at 0.1. */
  file: string
  sql(text: string, ...values: unknown[]): void
}

export async function watching(): Promise<Watching> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-console-'))
  const file = join(folder, 'scores.db')
  const sql = (text: string, ...values: unknown[]) => {
    const database = new Sqlite(file)
    database.prepare(text).run(...values)
    database.close()
  }
  sql('CREATE TABLE scores (name TEXT, score REAL)')
  sql("INSERT INTO scores VALUES ('a', 0.9), ('b', 0.1)")
  const daemon = await startDaemon({ env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
  return {
    daemon,
    file,
    sql,
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** One of everything: a connection, two channels of which one's receiver is gone, a rule that fires, and its deliveries. */
export async function furnish({ daemon, file }: Pick<Watching, 'daemon' | 'file'>, changes: object = {}) {
  const connection = await daemon.api<{ id: string }>('POST', '/connections', {
    name: 'scores',
    kind: 'sqlite',
    settings: { path: file },
  })
  const channel = await daemon.api<{ id: string }>('POST', '/channels', { name: 'Ops', kind: 'console' })
  const settings = { url: 'http://127.0.0.1:1/gone', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }
  const hook = await daemon.api<{ id: string }>('POST', '/channels', { name: 'Hook', kind: 'webhook', settings })
  const rule = await daemon.api<{ id: string }>('POST', '/rules', {
    name: 'Scores over the limit',
    tags: ['models'],
    connection: 'scores',
    query: 'SELECT name, score FROM scores',
    schedule: { cron: '0 9 1 1 *' },
    condition: { text: 'row["score"] > 0.5' },
    fingerprint: ['name'],
    severity: 'critical',
    routes: [{ channel: 'Ops' }, { channel: 'Hook' }],
    ...changes,
  })
  const run = await daemon.api<{ evaluation: string; deliveries: string[] }>('POST', `/rules/${rule.id}/run`)
  return {
    connection: connection.id,
    channel: channel.id,
    hook: hook.id,
    rule: rule.id,
    evaluation: run.evaluation,
    delivery: run.deliveries[0] ?? '',
  }
}

/** Every page there is, with things to show. */
export function addresses(ids: Awaited<ReturnType<typeof furnish>>): string[] {
  return [
    '/',
    '/rules',
    `/rules/${ids.rule}`,
    `/rules/${ids.rule}/edit`,
    `/evaluations/${ids.evaluation}`,
    '/deliveries',
    '/deliveries?show=queue',
    `/deliveries/${ids.delivery}`,
    '/channels',
    '/channels/new',
    `/channels/${ids.hook}`,
    '/connections',
    '/connections/new',
    `/connections/${ids.connection}`,
    '/new',
    '/nowhere',
  ]
}

/** A run that failed and a message in the inbox, with `text` in every place that a sender fills; gives the pages of both. */
export async function happened({ daemon }: Pick<Watching, 'daemon'>, text = 'load <b>'): Promise<string[]> {
  const steps = [{ name: text.slice(0, 500), state: 'error', error: 'no such file' }]
  const end = { name: 'nightly', kind: 'pipeline', state: 'error', steps, results: { rows: 0 }, log: 'stopped' }
  const said = {
    labels: { env: text.slice(0, 60) },
    error: text,
    host: text.slice(0, 60),
    url: 'https://example.com/7',
  }
  const startedAt = Date.now() - 95_000
  await daemon.api('PUT', '/runs/nightly%2F7', { ...end, ...said, startedAt })
  await daemon.api('POST', '/channels', { name: 'Kept here', kind: 'inbox' })
  const message = { title: text.slice(0, 200), summary: text.slice(0, 2000), severity: 'error' }
  const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', '/channels/Kept here/send', { message })
  await eventually(async () => {
    const { items } = await daemon.api<{ items: unknown[] }>('GET', '/inbox')
    if (items.length === 0) throw new Error('Nothing has arrived in the inbox.')
  })
  return ['/inbox', `/inbox/${deliveries[0]}`, '/inbox?unread=true', '/runs', '/runs?state=error', RUN]
}

/** The address of the run that failed, as messages name it. */
export const RUN = '/projects/default/runs/nightly%2F7'

/** Resolves when the page shows what it is about rather than that it is loading. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor()
  await eventually(async () => {
    if ((await page.getByText('Loading…').count()) > 0) throw new Error(`${page.url()} is still loading.`)
  })
}

/** What axe has to complain of, each with the places it is found at. */
export async function violations(page: Page): Promise<string[]> {
  const source = readFileSync(join(serversFolder, 'node_modules/axe-core/axe.min.js'), 'utf8')
  await page.evaluate(source)
  return page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
    id + ': ' + nodes.map(({ target, failureSummary }) => target.join(' ') + ' (' + failureSummary + ')').join('; ')))`)
}

/** Keeps a picture of the page, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(root, 'dist/pictures')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

/** How much wider than the window the page is, in pixels. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
