import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { pack, unpack } from '../../src/store/pack.ts'

test('any JSON value comes back, short or long, as text or as bytes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 400 }), (value, times) => {
      const long = Array.from({ length: times }, () => value)
      const stored = pack(long)
      expect(unpack(stored)).toEqual(JSON.parse(JSON.stringify(long)))
      expect(unpack(Buffer.from(stored as Buffer))).toEqual(JSON.parse(JSON.stringify(long)))
    }),
  )
})

test('long texts are compressed, short ones are left readable', () => {
  expect(pack({ n: 1 })).toBe('{"n":1}')
  expect(pack('drift '.repeat(1000)).length).toBeLessThan(200)
})
