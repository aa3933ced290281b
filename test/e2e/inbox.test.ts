import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemon } from '../support/executable.ts'
import { eventually } from '../support/servers.ts'

interface Page {
  items: { id: string; title: string }[]
  next: string | null
  unread: number
}

test('whatever was accepted is in the inbox exactly once, though the daemon is killed again and again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-inbox-'))
  const dataDir = join(folder, 'data')
  const accepted: string[] = []
  try {
    for (let life = 0; life < 4; life += 1) {
      await using daemon = await startDaemon({ dataDir })
      if (life === 0) await daemon.api('POST', '/channels', { name: 'In', kind: 'inbox' })
      const send = async (index: number) => {
        const message = { title: `${life}.${index}` }
        const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', '/channels/In/send', { message })
        accepted.push(...deliveries)
        if (index === 60) await daemon.kill()
      }
      // Those that are under way at the kill fail, and so were not accepted.
      await Promise.allSettled(Array.from({ length: 200 }, (_, index) => send(index)))
    }
    await using daemon = await startDaemon({ dataDir })
    const found = await eventually(async () => {
      const ids: string[] = []
      for (let path: string | null = '/inbox?limit=500'; path !== null; ) {
        const page: Page = await daemon.api<Page>('GET', path)
        ids.push(...page.items.map(({ id }) => id))
        path = page.next === null ? null : `/inbox?limit=500&after=${page.next}`
      }
      expect(accepted.filter((id) => !ids.includes(id))).toEqual([])
      return ids
    })
    expect(accepted.length).toBeGreaterThan(100)
    expect(new Set(found).size).toBe(found.length)
    expect((await daemon.api<Page>('GET', '/inbox?limit=1')).unread).toBe(found.length)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
