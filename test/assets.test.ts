import { describe, expect, test } from 'bun:test'
import { asset, assetNames, migrations } from '../src/assets.ts'

describe('assets', () => {
  test('the migrations come in order, with their statements', () => {
    const steps = migrations()
    expect(steps.length).toBeGreaterThan(0)
    expect(steps.map(({ tag }) => tag)).toEqual(steps.map(({ tag }) => tag).sort())
    expect(steps[0]?.sql).toContain('CREATE TABLE `rules`')
  })

  test("a dependency's file goes by its bare name", () => {
    expect([...asset('minijinja_js_bg.wasm').subarray(0, 4)]).toEqual([0, 97, 115, 109])
  })

  test('a folder that does not exist is empty, a file that does not exist is an error', () => {
    expect(assetNames('nowhere')).toEqual([])
    expect(() => asset('nowhere/x')).toThrow('ENOENT')
  })
})
