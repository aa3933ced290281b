import { afterEach, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../../src/assets.ts'
import { openDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createWriter } from '../../src/store/writer.ts'
import { newDelivery, type Outbox, outbox, scriptedChannel } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { TempDatabase } from '../support/temp-database.ts'

let box: Outbox
afterEach(() => box?.close())

/** What the receiver of the first delivery says takes more room than is left. */
const LONG_ANSWER = 'x'.repeat(8000)

/** Starts a send, fills the disk, ends the send, looks, makes room, and looks again. */
async function story(disk: { fill(): void; makeRoom(): void }, temp?: TempDatabase) {
  let end = () => {}
  const script = scriptedChannel(({ id }) =>
    id === 'a'
      ? new Promise((resolve) => {
          end = () => resolve(LONG_ANSWER)
        })
      : 'ok',
  )
  box = outbox([script.channel], {}, temp)
  await box.worker.start()
  await box.store.deliveries.enqueue([newDelivery({ id: 'a' })])
  await box.settle()
  disk.fill()
  const big = { ...newDelivery({ id: 'b', fingerprints: ['b'] }), evaluationId: 'x'.repeat(20_000) }
  await expect(box.store.deliveries.enqueue([big])).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('Make room'),
  })
  end()
  await box.settle()
  await box.pass(1000)
  await box.pass(1000)
  expect(await box.stored('a')).toMatchObject({ state: 'sending' })
  expect(box.events).toContainEqual(expect.objectContaining({ event: 'diskFull' }))
  disk.makeRoom()
  await box.pass(1000)
  expect(await box.stored('a')).toMatchObject({ state: 'delivered' })
  await box.store.deliveries.enqueue([big])
  await box.settle()
  expect(script.sends.map(({ id }) => id)).toEqual(['a', 'b'])
}

/** A small file system of its own, or none where it may not be made. */
function smallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-disk-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status === 0) return folder
  rmSync(folder, { recursive: true })
  return null
}

const disk = smallDisk()

describe('a full disk loses nothing, sends nothing twice, and work goes on by itself', () => {
  test('when the database reaches its limit', async () => {
    const raw = () => box.temp.database.raw
    await story({
      fill() {
        raw().pragma(`max_page_count = ${raw().pragma('page_count', { simple: true })}`)
        const filler = raw().prepare("INSERT INTO meta VALUES (?, '')")
        expect(() => {
          for (let key = 0; ; key += 1) filler.run(`${key}-${'x'.repeat(500)}`)
        }).toThrow('full')
      },
      makeRoom: () => raw().pragma('max_page_count = 100000'),
    })
  })

  test.skipIf(disk === null)('when there is no room on the device', async () => {
    const folder = disk ?? ''
    const clock = manualClock(0)
    const database = openDatabase(join(folder, 'tocsin.db'))
    migrate(database, migrations(), null)
    const temp = {
      database,
      writer: createWriter(database, clock),
      clock,
      folder,
      [Symbol.dispose]() {
        database.raw.close()
        spawnSync('umount', [folder])
        rmSync(folder, { recursive: true })
      },
    }
    const ballast = join(folder, 'ballast')
    await story(
      {
        fill() {
          for (let size = 2048; size > 0; size -= 4)
            try {
              return writeFileSync(ballast, Buffer.alloc(size * 1024))
            } catch {
              rmSync(ballast, { force: true })
            }
        },
        makeRoom: () => rmSync(ballast),
      },
      temp,
    )
  })
})
