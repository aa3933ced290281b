/**
 * The last step of `npm run db:generate`: tables that live in their primary key alone, which the generator cannot say.
 * A table with a composite key otherwise is two trees, and each of its rows is written twice.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const tables = ['attempts', 'evaluation_places', 'run_events', 'run_names', 'run_reports']
const folder = new URL('../drizzle/', import.meta.url)

for (const table of tables) {
  const found = readdirSync(folder).filter((name) => name.endsWith('.sql') && cluster(new URL(name, folder), table))
  if (found.length === 0) throw new Error(`No migration makes the table ${table}.`)
}

function cluster(file: URL, table: string): boolean {
  const before = readFileSync(file, 'utf8')
  const start = before.indexOf(`CREATE TABLE \`${table}\` (`)
  if (start < 0) return false
  const end = before.indexOf('\n);', start)
  writeFileSync(file, `${before.slice(0, end)}\n) WITHOUT ROWID;${before.slice(end + 3)}`)
  return true
}
