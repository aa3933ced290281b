import { describe, expect, test } from 'bun:test'
import { AppError, errorStatus, invalid, messageOf } from '../src/errors.ts'
import { faulty } from '../src/model/validate.ts'

describe('a failure the user can act on', () => {
  test('names its field in message and issue', () => {
    expect(invalid('name', 'must not be empty')).toMatchObject({
      code: 'invalid',
      message: 'name: must not be empty',
      issues: [{ path: 'name', message: 'must not be empty' }],
    })
    expect(invalid('', 'must be an object').message).toBe('must be an object')
  })

  test('carries what is stored where an edit came too late', () => {
    expect(new AppError('conflict', 'too late', [], { version: 2 })).toMatchObject({ current: { version: 2 } })
    expect(new AppError('invalid', 'x').current).toBeUndefined()
  })

  test('has a status that tells whose fault it is', () => {
    const ours = Object.entries(errorStatus).flatMap(([code, status]) => (status >= 500 ? [code] : []))
    expect(ours.sort()).toEqual(['disk-full', 'internal', 'unavailable'])
  })

  test('tells of many issues the first three, and keeps fifty', () => {
    const issues = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ path: `f${index}`, message: 'bad' }))
    expect(faulty(issues(1)).message).toBe('f0: bad')
    expect(faulty(issues(3)).message).toBe('f0: bad; f1: bad; f2: bad')
    expect(faulty(issues(4)).message).toBe('f0: bad; f1: bad; f2: bad And 1 more.')
    expect(faulty(issues(80))).toMatchObject({ message: expect.stringContaining('And 77 more.') })
    expect(faulty(issues(80)).issues).toHaveLength(50)
  })
})

test('anything thrown has a text', () => {
  expect([new Error('a'), 'b', 5, null, undefined].map(messageOf)).toEqual(['a', 'b', '5', 'null', 'undefined'])
})
