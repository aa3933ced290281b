import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { createWatcherIndex } from '../../src/flow/run-rules.ts'
import { type Rule, runRule } from '../../src/model/rule.ts'

function rule(id: string, match: object, changes: Partial<Rule> & { paused?: boolean } = {}): Rule {
  const { paused = false, ...rest } = changes
  const definition = v.parse(runRule, { name: id, runs: match, when: ['completed'], routes: [], paused })
  return { id, project: 'default', definition, blocked: null, ...rest } as Rule
}

function indexOf(...rules: Rule[]) {
  const index = createWatcherIndex()
  for (const one of rules) index.put(one.id, one)
  const found = (name: string, uid = 'u1', project = 'default') =>
    index
      .of(project, name, uid)
      .map((watcher) => watcher.rule.id)
      .sort()
  return { index, found }
}

test('rules are found by the name of a run, in full or as a pattern, within their project', () => {
  const { found } = indexOf(
    rule('exact', { name: 'load' }),
    rule('glob', { name: 'lo*' }),
    rule('any', { name: '*' }),
    rule('elsewhere', { name: 'load' }, { project: 'other' }),
    rule('paused', { name: 'load' }, { paused: true }),
    rule('blocked', { name: 'load' }, { blocked: 'its channel is gone' }),
  )
  expect(found('load')).toEqual(['any', 'exact', 'glob'])
  expect(found('loan')).toEqual(['any', 'glob'])
  expect(found('train')).toEqual(['any'])
  expect(found('load', 'u1', 'other')).toEqual(['elsewhere'])
})

test('a rule for one run is found by what tells that apart', () => {
  const { found } = indexOf(rule('any', { name: '*' }), rule('one', { name: '*', uid: 'u7' }))
  expect(found('load', 'u7')).toEqual(['any', 'one'])
  expect(found('load', 'u8')).toEqual(['any'])
})

test('what changes is found as it is now, also where it was looked for before', () => {
  const { index, found } = indexOf(rule('a', { name: 'load' }))
  expect(found('load')).toEqual(['a'])
  expect(found('train')).toEqual([])
  index.put('a', rule('a', { name: 'tr*' }))
  expect(found('load')).toEqual([])
  expect(found('train')).toEqual(['a'])
  index.put('b', rule('b', { name: 'train' }))
  expect(found('train')).toEqual(['a', 'b'])
  index.put('a', rule('a', { name: 'tr*' }, { paused: true }))
  expect(found('train')).toEqual(['b'])
  index.put('b', null)
  index.put('never', null)
  expect(found('train')).toEqual([])
})

test('names beyond those that are remembered are found as well', () => {
  const { found } = indexOf(rule('a', { name: '*-9' }))
  for (let number = 0; number < 20_010; number += 1) found(`job-${number}`)
  expect(found('job-9')).toEqual(['a'])
  expect(found('x-9')).toEqual(['a'])
})
