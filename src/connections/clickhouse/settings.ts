import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { authority } from '../transport.ts'

const sslModes = ['verify-full', 'verify-ca', 'no-verify'] as const
const expectedUrl = 'must be a URL such as http://host:8123 or https://host:8443'
const text = (message: string) => v.pipe(v.string(message), v.nonEmpty(message))

export const clickhouseSettings = v.strictObject({
  url: v.pipe(
    v.string(expectedUrl),
    v.check((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), expectedUrl),
    v.check((url) => {
      const { username, password, search } = new URL(url)
      return username === '' && password === '' && search === ''
    }, 'must hold no user, password or parameters; give these in their own settings'),
    field({ title: 'URL', hint: 'of the HTTP interface, such as https://host:8443' }),
  ),
  database: v.optional(
    v.pipe(text('must be the name of a database'), field({ title: 'Database', hint: '"default" when left out' })),
  ),
  user: v.optional(
    v.pipe(text('must be the name of a user'), field({ title: 'User', hint: 'one that may only read' })),
  ),
  password: v.optional(v.pipe(v.string('must be text'), field({ title: 'Password', secret: true }))),
  sslmode: v.optional(
    v.pipe(
      v.picklist(sslModes, `must be one of ${sslModes.join(', ')}`),
      field({
        title: 'TLS',
        hint: 'for https. verify-full (when left out): checked with host name, verify-ca: without host name, no-verify: not checked at all',
      }),
    ),
  ),
  ca: authority,
})

export type ClickhouseSettings = v.InferOutput<typeof clickhouseSettings>
