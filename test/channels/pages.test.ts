import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { pageOf, upToDate } from '../../scripts/channel-docs.ts'
import type { Channel } from '../../src/channels/channel.ts'
import { channels } from '../../src/channels/index.ts'
import { fieldsOf } from '../../src/model/settings.ts'

const all = Object.values(channels) as Channel[]

test.each(all.map((channel) => [channel.kind, channel] as const))(
  'the page of %s says what its declarations say, and how to set it up',
  (kind, channel) => {
    const file = pageOf(kind)
    const page = existsSync(file) ? readFileSync(file, 'utf8') : ''
    // `npm run docs` brings the pages up to date.
    expect(upToDate(channel, page)).toBe(page)
    const byHand = page.slice(0, page.indexOf('<!--'))
    expect(byHand.split('\n').length).toBeGreaterThan(5)
    for (const key of Object.keys(fieldsOf(channel.settings))) expect(page).toContain(`| \`${key}\` |`)
  },
)

test('what is written by hand stays when the rest is made anew', () => {
  const [channel] = all
  const made = upToDate(channel!, '# Title\n\nBy hand.\n')
  expect(made).toStartWith('# Title\n\nBy hand.\n')
  const changed = made.replace('## Settings', '## Old settings').replace('By hand.', 'By another hand.')
  expect(upToDate(channel!, `${changed}\nBelow.\n`)).toBe(`${made.replace('By hand.', 'By another hand.')}\nBelow.\n`)
})
