import { expect, test } from 'bun:test'
import { browserNeeds, openBrowser } from '../support/browser.ts'
import { furnish, settled, signIn, watching } from '../support/console.ts'
import { startDaemon } from '../support/executable.ts'
import { skipUnless } from '../support/requirements.ts'
import { freePort } from '../support/servers.ts'

const describe = await skipUnless(...browserNeeds)

describe('what is shown', () => {
  test('follows what happens without being asked to', async () => {
    await using world = await watching()
    await using browser = await openBrowser()
    const { page } = await browser.open()
    const { rule } = await furnish(world)
    await signIn(page, world.daemon)
    await page.getByRole('heading', { name: '1 alert firing' }).waitFor()
    world.sql("UPDATE scores SET score = 0.1 WHERE name = 'a'")
    await world.daemon.api('POST', `/rules/${rule}/run`)
    await page.getByRole('heading', { name: 'Nothing fires' }).waitFor({ timeout: 5000 })
    await world.daemon.api('POST', '/channels/Ops/disable')
    await page.getByRole('heading', { name: 'In trouble' }).waitFor({ timeout: 5000 })
    await world.daemon.api('POST', '/channels/Ops/enable')
    await page.getByRole('heading', { name: 'In trouble' }).waitFor({ state: 'detached', timeout: 5000 })
  }, 60_000)

  test('is said to be old while Tocsin is gone, and is new once it is back', async () => {
    const port = await freePort()
    await using first = await startDaemon({ port })
    await using browser = await openBrowser()
    const { page, complaints } = await browser.open()
    await first.api('POST', '/channels', { name: 'Ops', kind: 'console' })
    await signIn(page, first, '/channels')
    await page.getByRole('link', { name: 'Ops' }).waitFor()
    await first.kill()
    await page.getByText('The connection to Tocsin was lost').waitFor()
    expect(await page.getByRole('link', { name: 'Ops' }).isVisible()).toBe(true)

    await page.getByRole('link', { name: 'Ops' }).click()
    await page.getByText('Tocsin cannot be reached').waitFor()
    await page.goBack()

    await using second = await startDaemon({ port, dataDir: first.dataDir })
    await second.api('POST', '/channels', { name: 'Made meanwhile', kind: 'console' })
    await page.getByText('The connection to Tocsin was lost').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Made meanwhile' }).waitFor()
    expect(complaints).toEqual([])
  }, 60_000)

  test('is no longer shown when the token is revoked', async () => {
    await using daemon = await startDaemon()
    await using browser = await openBrowser()
    const { page } = await browser.open()
    const made = daemon.run('token', 'create', '--data-dir', daemon.dataDir, '--name', 'guest', '--role', 'viewer')
    await signIn(page, { url: daemon.url, token: made.out.split('\n').at(-1) ?? '' })
    expect(daemon.run('token', 'revoke', '--data-dir', daemon.dataDir, 'guest').code).toBe(0)
    await page.getByRole('link', { name: 'Rules', exact: true }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  }, 60_000)

  test('is gone after signing out, for the one who goes back too', async () => {
    await using daemon = await startDaemon()
    await using browser = await openBrowser()
    const { page } = await browser.open()
    await signIn(page, daemon, '/channels')
    const cookies = await page.context().cookies()
    expect(cookies).toMatchObject([{ name: 'tocsin', httpOnly: true, sameSite: 'Strict' }])
    expect(await page.evaluate('document.cookie')).toBe('')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API token').waitFor()
    await page.reload()
    await page.getByLabel('API token').waitFor()
    expect(await page.context().cookies()).toEqual([])
  }, 60_000)

  test('offers a viewer nothing that is refused to them', async () => {
    await using world = await watching()
    await using browser = await openBrowser()
    const { page } = await browser.open()
    const ids = await furnish(world)
    const { dataDir, url } = world.daemon
    const made = world.daemon.run('token', 'create', '--data-dir', dataDir, '--name', 'guest', '--role', 'viewer')
    await signIn(page, { url, token: made.out.split('\n').at(-1) ?? '' })
    for (const place of [
      '/',
      '/inbox',
      '/runs',
      '/rules',
      `/rules/${ids.rule}`,
      `/channels/${ids.channel}`,
      `/deliveries/${ids.delivery}`,
    ]) {
      await page.goto(url + place)
      await settled(page)
      const buttons = await page.locator('main button').allTextContents()
      expect([place, buttons.filter((text) => !/^(Search|Older|Newest)$/.test(text))]).toEqual([place, []])
      expect([place, await page.locator('main a[href$="/new"]').count()]).toEqual([place, 0])
    }
    await page.goto(`${url}/?project=empty`)
    await page.getByText('Making one needs a token that may edit.').waitFor()
  }, 90_000)
})
