import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { systemClock } from '../src/clock.ts'
import { newId } from '../src/ids.ts'
import type { Rule, RuleInput } from '../src/model/rule.ts'
import type { Store } from '../src/store/index.ts'
import { openStore } from '../src/store/open.ts'
import { definitionOf } from '../test/support/rules.ts'

export interface BenchStore {
  store: Store
  /** Its folder; the data directory is `data` in there. */
  folder: string
  close(): void
}

/** A store on the disk of the temporary folder, gone when closed. */
export function openBenchStore(): BenchStore {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const { store } = openStore(join(folder, 'data'), systemClock, { onSyncTrouble: fail })
  return {
    store,
    folder,
    close() {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What a bench does about trouble that should not be. */
export function fail(error: unknown): never {
  throw error
}

/** Makes `count` rules alike but for their names. */
export async function fillRules(store: Store, count: number, input: Partial<RuleInput>): Promise<Rule[]> {
  const now = Date.now()
  return Promise.all(
    Array.from({ length: count }, (_, number) =>
      store.rules.create({
        id: newId('rul', now),
        project: 'default',
        definition: definitionOf({ ...input, name: `rule ${number}` }),
        inline: {},
        origin: null,
        warnings: [],
        blocked: null,
        createdBy: 'bench',
        createdAt: now,
        nextDueAt: null,
      }),
    ),
  )
}

/**
 * Many rules at once, straight into the table: copies of one that is due every hour, over eight connections. `dueAt` is
 * SQL that gives the tick (ms since 1970) of the rule with the number `n`, from 1.
 */
export async function copyRules({ store, folder }: BenchStore, count: number, dueAt: string): Promise<void> {
  await fillRules(store, 1, { schedule: { every: '1h' } })
  const raw = new Sqlite(join(folder, 'data/tocsin.db'))
  const columns = raw.prepare("SELECT name FROM pragma_table_info('rules')").pluck().all() as string[]
  const changed: Record<string, string> = {
    id: "'rul_' || n",
    name: "'rule ' || n",
    connection: "'db ' || (n % 8)",
    definition: "json_set(definition, '$.name', 'rule ' || n, '$.connection', 'db ' || (n % 8))",
    external_index: 'n + 1',
  }
  const values = columns.map((column) => changed[column] ?? column).join(', ')
  const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`
  raw.exec(`INSERT INTO rules (${columns.join(', ')}) ${numbers} SELECT ${values} FROM numbers, (SELECT * FROM rules LIMIT 1);
    INSERT INTO rule_clocks (rule_id, next_due_at) ${numbers} SELECT 'rul_' || n, ${dueAt} FROM numbers`)
  raw.close()
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The value below which the given share of all lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
