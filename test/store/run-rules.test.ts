import { expect, test } from 'bun:test'
import type { Rule } from '../../src/model/rule.ts'
import { keepRunRules } from '../../src/store/run-rules.ts'

/** Rules that are told apart by their id alone, with what was read of them. */
function open(...ids: string[]) {
  const stored = new Map(ids.map((id) => [id, { id, version: 1 } as Rule]))
  const read: string[] = []
  const kept = keepRunRules({
    all() {
      read.push('all')
      return [...stored.values()]
    },
    one(id) {
      read.push(id)
      return stored.get(id)
    },
  })
  return {
    kept,
    read,
    put(id: string, version: number) {
      stored.set(id, { id, version } as Rule)
      kept.changed(id)
    },
    remove(id: string) {
      stored.delete(id)
      kept.changed(id)
    },
  }
}

test('a rule that changes is read alone, whoever asks', () => {
  const { kept, read, put, remove } = open('a', 'b')
  const first = kept.since(-1)
  expect(first).toMatchObject({ revision: 0, isAll: true })
  expect([...first.changed.keys()]).toEqual(['a', 'b'])
  put('a', 2)
  put('c', 1)
  remove('b')
  const next = kept.since(first.revision)
  expect(next.isAll).toBe(false)
  expect(new Map(next.changed)).toEqual(
    new Map([
      ['b', null],
      ['c', { id: 'c', version: 1 } as Rule],
      ['a', { id: 'a', version: 2 } as Rule],
    ]),
  )
  expect(kept.since(next.revision).changed.size).toBe(0)
  expect(kept.all().map(({ id, version }) => `${id}${version}`)).toEqual(['a2', 'c1'])
  expect(read).toEqual(['all', 'a', 'c', 'b'])
})

test('who has not asked for long is told all', () => {
  const { kept, put } = open('a')
  const { revision } = kept.since(-1)
  for (let version = 2; version <= 10_002; version += 1) put('a', version)
  const late = kept.since(revision)
  expect(late.isAll).toBe(true)
  expect(late.changed.get('a')?.version).toBe(10_002)
  put('b', 1)
  expect([...kept.since(late.revision).changed.keys()]).toEqual(['b'])
})

test('what changes decisions and no rule makes the revision rise', () => {
  const { kept } = open('a')
  const { revision } = kept.since(-1)
  kept.rise()
  expect(kept.revision()).toBe(revision + 1)
  expect(kept.since(revision)).toMatchObject({ revision: revision + 1, isAll: false })
})
