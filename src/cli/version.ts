import { migrations } from '../assets.ts'
import { runtimeName } from '../runtime.ts'
import { openDatabase } from '../store/database.ts'
import { build } from '../version.ts'
import type { Terminal } from './terminal.ts'

/** Prints what this program is made of. */
export function version(terminal: Terminal, { json }: { json: boolean }): number {
  const { raw } = openDatabase(':memory:')
  const facts = {
    ...build,
    runtime: runtimeName(),
    sqlite: String(raw.prepare('select sqlite_version()').pluck().get()),
    schema: migrations().length,
  }
  raw.close()
  if (json) terminal.out(JSON.stringify(facts))
  else
    terminal.out(
      `tocsin ${facts.version} (${facts.commit}), ${facts.runtime}, SQLite ${facts.sqlite}, schema ${facts.schema}`,
    )
  return 0
}
