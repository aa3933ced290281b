import { expect, test } from 'bun:test'
import { mlrunNotification } from '../../src/model/mlrun.ts'
import { validate } from '../../src/model/validate.ts'
import type { NewRule } from '../../src/store/rules.ts'
import { startInProcess } from '../support/in-process.ts'

const hidden = { name: 'mlrun.notifications.x', sealed: 'sealed' }

function rule(owner: { kind: 'run' | 'schedule'; name: string }, id: string): NewRule {
  const notification = validate(mlrunNotification, { name: id, secret_params: { secret: hidden.name } })
  return {
    id,
    project: 'p',
    definition: {
      name: id,
      description: '',
      tags: [],
      remindEvery: '0s',
      resolve: false,
      suppressionMinutes: 0,
      message: { engine: 'liquid', title: '', summary: '', paragraphs: [], links: [] },
      paused: false,
      runs: { name: '*', labels: {}, uid: owner.name },
      when: ['completed'],
      policy: 'mlrun',
      onConditionError: 'send',
      routes: [],
    },
    inline: {},
    origin: null,
    notification: { ...notification, owner, sealed: null },
    warnings: [],
    blocked: null,
    createdBy: 'test',
    createdAt: 1,
    nextDueAt: null,
  }
}

test('§8.14 a concealed secret goes with the last list that refers to it, and the list with its run', async () => {
  const daemon = await startInProcess()
  try {
    const { store, clock } = daemon
    const lists = store.notificationLists
    const path = '/api/v1/projects/p/runs/r1'
    await daemon.call('PUT', path, { name: 'train', state: 'running' })
    const base = { project: 'p', secrets: [hidden], at: clock.now() }
    await lists.replace({ ...base, owner: 'run:r1', rules: [rule({ kind: 'run', name: 'r1' }, 'a')] })
    await lists.replace({ ...base, owner: 'schedule:s', rules: [rule({ kind: 'schedule', name: 's' }, 'b')] })
    expect(await lists.secretUsers('p', hidden.name)).toEqual(['run:r1', 'schedule:s'])
    await lists.replace({ ...base, owner: 'schedule:s', secrets: [], rules: [] })
    expect(await lists.sealedSecret('p', hidden.name)).toBe('sealed')
    await daemon.call('PUT', path, { state: 'completed' })
    expect(await store.evaluations.list({ project: 'p', limit: 10 })).toHaveLength(1)
    expect(await store.runs.expire(clock.now() + 1000, 10)).toBe(1)
    expect(await lists.rules('p', 'run:r1')).toEqual([])
    expect(await lists.isSet('p', 'run:r1')).toBe(false)
    expect(await lists.isSet('p', 'schedule:s')).toBe(true)
    expect(await lists.sealedSecret('p', hidden.name)).toBeUndefined()
    expect(await store.evaluations.list({ project: 'p', limit: 10 })).toEqual([])
  } finally {
    await daemon.stop()
  }
})

test('a list whose rule has a name that is taken changes nothing', async () => {
  const daemon = await startInProcess()
  try {
    const lists = daemon.store.notificationLists
    const base = { project: 'p', secrets: [hidden], at: 1 }
    await lists.replace({ ...base, owner: 'run:r1', rules: [rule({ kind: 'run', name: 'r1' }, 'a')] })
    const taken = [rule({ kind: 'run', name: 'r2' }, 'c'), rule({ kind: 'run', name: 'r2' }, 'a')]
    expect(lists.replace({ ...base, owner: 'run:r2', rules: taken })).rejects.toThrow('There is a rule named "a"')
    expect(await lists.rules('p', 'run:r2')).toEqual([])
    expect(await lists.isSet('p', 'run:r2')).toBe(false)
  } finally {
    await daemon.stop()
  }
})
