import { expect, test } from 'bun:test'
import { LONGEST_SESSION, manageSessions } from '../../src/manage/sessions.ts'
import { manageTokens } from '../../src/manage/tokens.ts'
import { type TestManage, testManage } from '../support/manage-context.ts'

const HOUR = 3_600_000

async function opened(context: TestManage) {
  const tokens = manageTokens(context)
  const sessions = manageSessions(context, tokens)
  const { token } = await tokens.create('ann', { name: 'console', role: 'admin' })
  return { sessions, token, ...(await sessions.open({ token }, '')) }
}

test('it goes on while it is used, and ends twelve hours after', async () => {
  using context = testManage()
  const { sessions, secret, holder } = await opened(context)
  for (let use = 0; use < 5; use += 1) {
    context.clock.advance(11 * HOUR)
    expect(await sessions.holderOf(secret)).toEqual(holder)
  }
  context.clock.advance(12 * HOUR)
  expect(await sessions.holderOf(secret)).toBeUndefined()
})

test('it ends after a week, however much it is used', async () => {
  using context = testManage()
  const { sessions, secret } = await opened(context)
  for (let passed = 0; passed + HOUR < LONGEST_SESSION; passed += HOUR) {
    context.clock.advance(HOUR)
    expect(await sessions.holderOf(secret)).toBeDefined()
  }
  context.clock.advance(HOUR)
  expect(await sessions.holderOf(secret)).toBeUndefined()
})

test('those that have ended are removed at the next sign-in', async () => {
  using context = testManage()
  const { sessions, token } = await opened(context)
  context.clock.advance(13 * HOUR)
  await sessions.open({ token }, '')
  expect(context.database.database.raw.prepare('SELECT count(*) FROM sessions').pluck().get()).toBe(1)
})

test('the door opens again a minute after the first wrong token', async () => {
  using context = testManage()
  const { sessions, token } = await opened(context)
  for (let count = 0; count < 10; count += 1)
    await expect(sessions.open({ token: 'tcs_x' }, 'a')).rejects.toThrow('unknown or was revoked')
  await expect(sessions.open({ token }, 'a')).rejects.toThrow('Too many wrong tokens')
  expect(await sessions.open({ token }, 'b')).toBeDefined()
  context.clock.advance(60_000)
  expect(await sessions.open({ token }, 'a')).toBeDefined()
})

test('signing in and out is in the audit trail, without the secret', async () => {
  using context = testManage()
  const { sessions, secret, holder } = await opened(context)
  await sessions.close(secret)
  const trail = await context.store.audit.list({ entityId: holder.id, limit: 10 })
  expect(trail.map(({ action }) => action)).toEqual(expect.arrayContaining(['sign-in', 'sign-out']))
  expect(JSON.stringify(trail)).not.toContain(secret)
})
