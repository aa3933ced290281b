import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openLogSync } from '../../src/store/log-sync.ts'
import { createWriter } from '../../src/store/writer.ts'
import { tempDatabase } from '../support/temp-database.ts'

type Done = (error: Error | null) => void

/** A writer whose syncs end when the test says so. */
function open() {
  const temp = tempDatabase()
  const { raw } = temp.database
  raw.exec('CREATE TABLE notes (text TEXT)')
  const insert = raw.prepare('INSERT INTO notes VALUES (?)')
  const syncs: Done[] = []
  const troubles: string[] = []
  const sync = openLogSync(temp.database, join(temp.folder, 'tocsin.db'), {
    clock: temp.clock,
    onTrouble: (error) => troubles.push(String(error)),
    datasync: (_file, done) => syncs.push(done),
  })
  const writer = createWriter(temp.database, temp.clock, sync)
  const done: string[] = []
  return {
    raw,
    clock: temp.clock,
    syncs,
    troubles,
    done,
    writer,
    async note(text: string) {
      void writer.write(() => insert.run(text)).then(() => done.push(text))
      await turn()
    },
    notes: () => raw.prepare('SELECT text FROM notes ORDER BY rowid').pluck().all(),
    end: async (index: number, error: Error | null = null) => {
      syncs[index]?.(error)
      await turn()
    },
    [Symbol.dispose]() {
      sync.close()
      temp[Symbol.dispose]()
    },
  }
}

const turn = async () => {
  for (let count = 0; count < 6; count += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}

test('a write is told of once its sync is done, and what came meanwhile is committed together then', async () => {
  using box = open()
  await box.note('a')
  await box.note('b')
  await box.note('c')
  expect([box.notes(), box.done, box.syncs.length]).toEqual([['a'], [], 1])
  await box.end(0)
  expect([box.notes(), box.done, box.syncs.length]).toEqual([['a', 'b', 'c'], ['a'], 2])
  await box.end(1)
  expect([box.done, box.syncs.length]).toEqual([['a', 'b', 'c'], 2])
})

test('many are committed while a sync is under way, and are safe after the next one', async () => {
  using box = open()
  await box.note('a')
  await Promise.all(Array.from({ length: 512 }, (_, index) => box.note(`${index}`)))
  expect([box.notes().length, box.done, box.syncs.length]).toEqual([513, [], 1])
  await box.end(0)
  await box.end(1)
  expect(box.done).toHaveLength(513)
})

test('after a failed sync nobody is told before the log is safe another way', async () => {
  using box = open()
  await box.note('a')
  const reader = box.raw.prepare('SELECT text FROM notes').iterate()
  reader.next()
  await box.end(0, new Error('EIO'))
  expect(box.troubles[0]).toContain('EIO')
  expect(box.done).toEqual([])
  reader.return?.()
  box.clock.advance(1000)
  await turn()
  expect(box.done).toEqual(['a'])
})

test('closing makes everything safe at once', async () => {
  using box = open()
  await box.note('a')
  void box.writer.write(() => box.raw.exec("INSERT INTO notes VALUES ('b')")).then(() => box.done.push('b'))
  box.writer.flush()
  await turn()
  expect([box.notes(), box.done]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
})

test('the log really is synced, by the system', async () => {
  using temp = tempDatabase()
  temp.database.raw.exec('CREATE TABLE notes (text TEXT)')
  const options = { clock: temp.clock, onTrouble: (error: unknown) => expect(error).toBeNull() }
  const sync = openLogSync(temp.database, join(temp.folder, 'tocsin.db'), options)
  expect(temp.database.raw.pragma('synchronous', { simple: true })).toBe(1)
  const writer = createWriter(temp.database, temp.clock, sync)
  expect(await writer.write(() => temp.database.raw.exec("INSERT INTO notes VALUES ('a')") && 1)).toBe(1)
  sync.close()
})
