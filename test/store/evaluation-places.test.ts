import { describe, expect, test } from 'bun:test'
import { BY_RULE, evaluationPlaces } from '../../src/store/evaluation-places.ts'
import { tempDatabase } from '../support/temp-database.ts'

function open() {
  const temp = tempDatabase()
  const { raw } = temp.database
  const addRule =
    raw.prepare(`INSERT INTO rules (id, project, name, connection, definition, external_index, created_by, created_at, updated_at)
    VALUES (?, 'default', ?, 'db', '{}', ?, 'me', 0, 0)`)
  for (const [index, id] of ['a', 'b'].entries()) addRule.run(id, id, index + 1)
  const insert = raw.prepare(
    "INSERT INTO evaluations (id, project, rule_id, at, verdict, value, notable, first_at) VALUES (?, 'default', ?, ?, 'false', '', 0, 0)",
  )
  const found = raw.prepare<[string]>(`SELECT e.id FROM ${BY_RULE} WHERE p.rule_id = ? ORDER BY p.at`).pluck()
  const places = evaluationPlaces(temp)
  return {
    places,
    raw,
    add(rule: string, ...times: number[]) {
      for (const at of times) {
        insert.run(`${rule}${at}`, rule, at)
        places.inserted()
      }
    },
    found: async (rule: string) => {
      places.upToDate()
      return found.all(rule)
    },
    foundNow: (rule: string) => found.all(rule),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  }
}

describe('the index of evaluations by rule', () => {
  test('has all of them when it is read, and keeps to the rule', async () => {
    using box = open()
    box.add('a', 1, 3)
    box.add('b', 2)
    expect(box.foundNow('a')).toEqual([])
    expect(await box.found('a')).toEqual(['a1', 'a3'])
    box.add('a', 4)
    expect(await box.found('b')).toEqual(['b2'])
    expect(await box.found('a')).toEqual(['a1', 'a3', 'a4'])
  })

  test('is brought up to date by itself when many are missing', () => {
    using box = open()
    box.raw.exec('BEGIN')
    box.add('a', ...Array.from({ length: 10_001 }, (_, at) => at))
    box.raw.exec('COMMIT')
    expect(box.foundNow('a')).toHaveLength(10_000)
  })

  test('loses what is removed, with its number given anew', async () => {
    using box = open()
    box.add('a', 1)
    box.add('b', 2, 3)
    expect(await box.found('b')).toEqual(['b2', 'b3'])
    expect(box.places.remove(3)).toBe(1)
    box.add('a', 5)
    expect(await box.found('a')).toEqual(['a1', 'a5'])
    expect(await box.found('b')).toEqual(['b2'])
    box.add('b', 6)
    box.places.removeOf('b')
    expect(box.raw.prepare('SELECT id FROM evaluations ORDER BY id').pluck().all()).toEqual(['a1', 'a5'])
    expect(await box.found('b')).toEqual([])
  })

  test('is found as it was left by a process before, or by a transaction that was rolled back', async () => {
    using box = open()
    box.add('a', 1)
    expect(await box.found('a')).toEqual(['a1'])
    box.raw.exec('BEGIN')
    box.add('a', 2)
    await Promise.resolve(box.places.removeOf('b'))
    box.raw.exec('ROLLBACK')
    box.add('a', 7)
    expect(await box.found('a')).toEqual(['a1', 'a7'])
  })

  test('is used for the search', () => {
    using box = open()
    const plan = box.raw.prepare<[string], { detail: string }>(
      `EXPLAIN QUERY PLAN SELECT e.id FROM ${BY_RULE} WHERE p.rule_id = ? ORDER BY p.at DESC, p.seq DESC LIMIT 1`,
    )
    expect(plan.all('a').map(({ detail }) => detail)).toEqual([
      'SEARCH p USING PRIMARY KEY (rule_id=?)',
      'SEARCH e USING INTEGER PRIMARY KEY (rowid=?)',
    ])
  })
})
