import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import type { ConnectionKind } from '../connection.ts'
import { openSqlite } from './connection.ts'

const sqliteSettings = v.strictObject({
  path: v.pipe(
    v.string('must be the path of a file'),
    v.check(isAbsolute, 'must be a whole path, from the root on'),
    field({ title: 'File', hint: 'whole path; its folder must be listed in connections.sqlite.paths' }),
  ),
})

/** A SQLite file on this machine. */
export const sqlite = {
  kind: 'sqlite',
  label: 'SQLite file',
  documentation: 'https://www.sqlite.org/lang.html',
  settings: sqliteSettings,
  destination: ({ path }) => `sqlite:${path}`,
  open: openSqlite,
} satisfies ConnectionKind<typeof sqliteSettings>
