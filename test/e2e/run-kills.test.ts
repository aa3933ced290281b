import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

setDefaultTimeout(120_000)

const KILLS = 8

let receiver: Receiver
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-runs-'))
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Results {
  results: { uid: string; status: string }[]
}

test('what was accepted is there after a kill at any moment, and so is its message', async () => {
  const dataDir = join(folder, 'data')
  let daemon: Daemon = await startDaemon({ dataDir })
  await daemon.api('POST', '/channels', { name: 'hook', kind: 'webhook', settings: { url: receiver.url } })
  const rule = { name: 'failures', runs: { name: 'job' }, when: ['error'], routes: [{ channel: 'hook' }] }
  await daemon.api('POST', '/rules', rule)
  const accepted = new Map<string, string>()
  let number = 0

  /** Sends events until the daemon is gone. */
  async function send(to: Daemon): Promise<void> {
    for (;;) {
      const events = Array.from({ length: 20 }, () => {
        number += 1
        return { uid: `r${number}`, id: `e${number}`, name: 'job', state: number % 10 === 0 ? 'error' : 'completed' }
      })
      try {
        const { results } = await to.api<Results>('POST', '/runs/events', { events })
        for (const { uid, status } of results) if (status === 'applied') accepted.set(uid, status)
      } catch {
        return
      }
    }
  }

  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = accepted.size
    const senders = [send(daemon), send(daemon), send(daemon)]
    // Each time after some more was accepted, so that every kill falls into the middle of work.
    await eventually(() => expect(accepted.size).toBeGreaterThan(before + 37 * kill))
    await daemon.kill()
    await Promise.all(senders)
    daemon = await startDaemon({ dataDir })
  }
  const there = new Map<string, string>()
  for (let after = ''; ; ) {
    const page: { items: { uid: string; state: string }[]; next: string | null } = await daemon.api(
      'GET',
      `/runs?limit=500${after}`,
    )
    for (const { uid, state } of page.items) there.set(uid, state)
    if (page.next === null) break
    after = `&after=${page.next}`
  }
  expect([...accepted.keys()].filter((uid) => !there.has(uid))).toEqual([])
  const failed = [...accepted.keys()].filter((uid) => Number(uid.slice(1)) % 10 === 0)
  expect(failed.length).toBeGreaterThan(KILLS)
  const told = () => new Set(receiver.received.map(({ body }) => JSON.parse(body).data.alerts[0].fingerprint as string))
  await eventually(() => expect(failed.filter((uid) => !told().has(uid))).toEqual([]))
  // A message may come twice after a kill, as the same one; no run has two.
  const ids = new Map<string, Set<string>>()
  for (const { body, headers } of receiver.received) {
    const uid = JSON.parse(body).data.alerts[0].fingerprint as string
    ids.set(uid, (ids.get(uid) ?? new Set()).add(headers['webhook-id'] ?? ''))
  }
  expect([...ids].filter(([, own]) => own.size > 1)).toEqual([])
  await daemon.stop()
})
