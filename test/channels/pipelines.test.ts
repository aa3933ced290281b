import { describe, expect, test } from 'bun:test'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

const folder = new URL('../golden/channels/', import.meta.url).pathname
/** What each form says, as it is read. */
const formsOf = (message: string) =>
  globSync(`${folder}**/${message}.json`).map((file) => {
    const form = basename(dirname(file))
    const text = readFileSync(file, 'utf8').replace(/\u200b|\\/g, '')
    return [form, form === 'form' ? decodeURIComponent(text.replaceAll('+', ' ')) : text] as const
  })
/** A short message has no room for all. */
const short = ['twilio']

describe('every form of a message about a pipeline', () => {
  const steps: [state: string, names: string[]][] = [
    ['running', ['load', 'train model', 'deploy', 'running', 'pending']],
    ['completed', ['load', 'train model', 'deploy', 'skipped']],
    ['error', ['load', 'train model', 'CUDA out of memory']],
    ['aborted', ['load', 'train model', 'deploy', 'aborted', 'created']],
  ]
  for (const [state, names] of steps)
    test(`that is ${state} lists its steps with what became of them`, () => {
      const forms = formsOf(`pipeline-${state}`)
      expect(forms.length).toBeGreaterThan(15)
      const lacking = forms.flatMap(([form, text]) => {
        if (state === 'error' && short.includes(form)) return []
        const missing = names.filter((name) => !text.includes(name))
        return missing.length === 0 ? [] : [`${form}: ${missing.join(', ')}`]
      })
      expect(lacking).toEqual([])
    })

  test('of 200 runs names each step that failed', () => {
    const lacking = formsOf('pipeline-200-runs').filter(
      ([form, text]) =>
        !short.includes(form) && !['step 59', 'step 119', 'step 179'].every((name) => text.includes(name)),
    )
    expect(lacking.map(([form]) => form)).toEqual([])
  })
})
