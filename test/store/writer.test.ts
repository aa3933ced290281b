import { describe, expect, test } from 'bun:test'
import type { StoreContext } from '../../src/store/context.ts'
import { createWriter } from '../../src/store/writer.ts'
import { manualClock } from '../support/manual-clock.ts'
import { tempDatabase } from '../support/temp-database.ts'

function open() {
  const temp = tempDatabase(manualClock(1000))
  const { raw } = temp.database
  raw.exec('CREATE TABLE notes (text TEXT UNIQUE)')
  const insert = raw.prepare('INSERT INTO notes VALUES (?)')
  let commits = 0
  const database = {
    ...temp.database,
    raw: new Proxy(raw, {
      get(target, key) {
        if (key === 'prepare')
          return (text: string) => {
            const statement = target.prepare(text)
            if (text !== 'COMMIT') return statement
            return {
              run() {
                statement.run()
                commits += 1
              },
            }
          }
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
  } satisfies StoreContext['database']
  return {
    writer: createWriter(database, temp.clock),
    clock: temp.clock,
    raw,
    note: (text: string) => () => insert.run(text).changes,
    notes: () => raw.prepare('SELECT text FROM notes ORDER BY rowid').pluck().all(),
    commits: () => commits,
    turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  }
}

describe('units of one moment', () => {
  test('share a commit, in order, and each gets its own answer', async () => {
    using box = open()
    const units = ['a', 'b', 'c'].map((text) => box.writer.write(() => `${text}${box.note(text)()}`))
    expect(box.notes()).toEqual([])
    expect(await Promise.all(units)).toEqual(['a1', 'b1', 'c1'])
    expect(box.notes()).toEqual(['a', 'b', 'c'])
    expect(box.commits()).toBe(1)
  })

  test('that throw are undone alone, with the reason they threw', async () => {
    using box = open()
    const results = await Promise.allSettled([
      box.writer.write(box.note('a')),
      box.writer.write(() => {
        box.note('half')()
        throw new Error('not whole')
      }),
      box.writer.write(() => {
        box.note('more')()
        box.note('a')()
      }),
      box.writer.write(box.note('b')),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect((results[1] as PromiseRejectedResult).reason.message).toBe('not whole')
    expect((results[2] as PromiseRejectedResult).reason.message).toContain('UNIQUE')
    expect(box.notes()).toEqual(['a', 'b'])
    expect(box.commits()).toBe(1)
  })

  test('are committed a few hundred at a time, so that nothing else waits long', async () => {
    using box = open()
    await Promise.all(Array.from({ length: 1200 }, (_, number) => box.writer.write(box.note(`${number}`))))
    expect(box.notes()).toHaveLength(1200)
    expect(box.commits()).toBe(3)
  })

  test('see what the ones before them wrote', async () => {
    using box = open()
    const first = box.writer.write(box.note('a'))
    expect(await box.writer.write(box.notes)).toEqual(['a'])
    await first
  })
})

describe('paced units', () => {
  test('are committed at once when nothing was for a while', async () => {
    using box = open()
    const unit = box.writer.write(box.note('a'), 'paced')
    await unit
    expect(box.notes()).toEqual(['a'])
  })

  test('wait for company after a commit, for 25 ms at most', async () => {
    using box = open()
    await box.writer.write(box.note('a'), 'paced')
    const later = box.writer.write(box.note('b'), 'paced')
    box.clock.advance(24)
    await box.turn()
    expect(box.notes()).toEqual(['a'])
    box.clock.advance(1)
    await later
    expect(box.notes()).toEqual(['a', 'b'])
  })

  test('wait no longer once there are many', async () => {
    using box = open()
    await box.writer.write(box.note('first'), 'paced')
    const all = Array.from({ length: 1100 }, (_, number) => box.writer.write(box.note(`${number}`), 'paced'))
    await Promise.all(all)
    expect(box.notes()).toHaveLength(1101)
  })

  test('go along with one that does not wait', async () => {
    using box = open()
    await box.writer.write(box.note('a'), 'paced')
    const paced = box.writer.write(box.note('b'), 'paced')
    await box.writer.write(box.note('c'))
    await paced
    expect(box.notes()).toEqual(['a', 'b', 'c'])
    expect(box.commits()).toBe(2)
  })
})

test('flush commits what waits, at once', async () => {
  using box = open()
  await box.writer.write(box.note('a'), 'paced')
  const unit = box.writer.write(box.note('b'), 'paced')
  box.writer.flush()
  expect(box.notes()).toEqual(['a', 'b'])
  expect(await unit).toBe(1)
  const many = Array.from({ length: 600 }, (_, number) => box.writer.write(box.note(`${number}`)))
  box.writer.flush()
  expect(box.notes()).toHaveLength(602)
  await Promise.all(many)
})

test('a full disk refuses the whole batch in words, and the next one works when there is room', async () => {
  using box = open()
  box.raw.pragma(`max_page_count = ${box.raw.pragma('page_count', { simple: true })}`)
  const results = await Promise.allSettled([
    box.writer.write(box.note('a')),
    box.writer.write(box.note('x'.repeat(50_000))),
  ])
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  expect(reasons.at(-1)).toMatchObject({ code: 'disk-full', message: expect.stringContaining('Make room') })
  box.raw.pragma('max_page_count = 100000')
  expect(await box.writer.write(box.note('x'.repeat(50_000)))).toBe(1)
})

test('a failed commit rejects everybody in it', async () => {
  using box = open()
  box.raw.exec('CREATE TABLE parents (id INTEGER PRIMARY KEY)')
  box.raw.exec('CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)')
  const results = await Promise.allSettled([
    box.writer.write(box.note('a')),
    box.writer.write(() => box.raw.exec('INSERT INTO children VALUES (7)')),
  ])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(box.notes()).toEqual([])
  expect(await box.writer.write(box.note('b'))).toBe(1)
})
