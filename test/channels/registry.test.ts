import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { channels, isChannelKind } from '../../src/channels/index.ts'
import { fieldsOf } from '../../src/model/settings.ts'
import { messages } from './messages.ts'

const here = (path: string) => new URL(path, import.meta.url)

test('channels are registered by their kind', () => {
  for (const [kind, channel] of Object.entries(channels)) expect(channel.kind).toBe(kind)
  expect(isChannelKind('webhook')).toBe(true)
  expect(isChannelKind('toString')).toBe(false)
})

test.each(Object.keys(channels))('%s is held to the contract and has a golden file for every message', (kind) => {
  const file = here(`./${kind}.test.ts`)
  expect(existsSync(file) && readFileSync(file, 'utf8')).toContain('channelContract(')
  const golden = readdirSync(here(`../golden/channels/${kind}`)).sort()
  expect(golden).toEqual(
    Object.keys(messages)
      .map((name) => `${name}.json`)
      .sort(),
  )
})

test.each(Object.values(channels).map((channel) => [channel.kind, channel] as const))(
  '%s says what it is and titles every setting',
  (_kind, channel) => {
    expect(channel.label).toMatch(/^[A-Z]/)
    expect(channel.documentation).toMatch(/^https:/)
    for (const [key, { title }] of Object.entries(fieldsOf(channel.settings))) expect(title).not.toBe(key)
  },
)
