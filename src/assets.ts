import { readdirSync, readFileSync } from 'node:fs'
import { isExecutable } from './version.ts'

/** One step of the database's schema: its file name without `.sql`, and its statements. */
export interface Migration {
  tag: string
  sql: string
}

// The build embeds folders under the names they have in the source tree, so both are read in the same way.
const root = new URL(isExecutable ? './' : '../', import.meta.url)

/** What the executable holds under names of its own: files of dependencies, and the console as it was built. */
const elsewhere: Record<string, string> = {
  'minijinja_js_bg.wasm': 'node_modules/minijinja-js/dist/web/minijinja_js_bg.wasm',
  public: 'dist/public',
}

/**
 * The contents of a file that lives inside the executable, or in the source tree in development. `name` is its path
 * from the root of the tree, such as `drizzle/0000_schema.sql`, the bare name of a dependency's file, or a file of the
 * built console, such as `public/index.html`. Throws when there is no such file.
 */
export function asset(name: string): Uint8Array {
  return readFileSync(place(name))
}

/** Names of all files under a folder, in order; empty when there is no such folder. */
export function assetNames(folder: string): string[] {
  const entries = listing(folder)
  const inside = entries.flatMap((entry) =>
    entry.isDirectory() ? assetNames(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  )
  return inside.sort()
}

/** The steps of the schema, oldest first. */
export function migrations(): Migration[] {
  return assetNames('drizzle')
    .filter((name) => name.endsWith('.sql'))
    .map((name) => ({
      tag: name.slice('drizzle/'.length, -'.sql'.length),
      sql: new TextDecoder().decode(asset(name)),
    }))
}

function place(name: string): URL {
  const [folder = '', ...rest] = name.split('/')
  const moved = isExecutable ? undefined : elsewhere[folder]
  return new URL(moved === undefined ? name : [moved, ...rest].join('/'), root)
}

function listing(folder: string) {
  try {
    return readdirSync(place(folder), { withFileTypes: true })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
    throw thrown
  }
}
