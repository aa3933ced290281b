import { describe, expect, test } from 'bun:test'
import { keepable } from '../../src/deliver/redact.ts'
import { secretForms } from '../../src/redact.ts'

describe('what is kept of an answer', () => {
  test('holds no secret in any form', () => {
    const forms = secretForms({ token: 'a b/"c"', nested: { deep: ['hunter2'] }, pin: 4711, none: '' })
    const echo = [
      'token a b/"c"',
      encodeURIComponent('a b/"c"'),
      JSON.stringify({ token: 'a b/"c"' }),
      Buffer.from('a b/"c"').toString('base64'),
      'hunter2hunter2',
      'pin=4711',
    ].join(' | ')
    const kept = keepable(echo, forms)
    for (const secret of ['a b/', 'a%20b', 'hunter2', '4711', Buffer.from('a b/"c"').toString('base64')])
      expect(kept).not.toContain(secret)
    expect(kept).toContain('token ***')
  })

  test('hides the longer of two secrets of which one begins the other', () => {
    expect(keepable('key-long', secretForms({ short: 'key', long: 'key-long' }))).toBe('***')
  })

  test('is cut to 8 kB, between characters', () => {
    expect(keepable('x'.repeat(8192), [])).toHaveLength(8192)
    const cut = keepable('€'.repeat(5000), [])
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(8192)
    expect(cut).toMatch(/^€+…$/)
  })
})
