import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../../src/assets.ts'
import type { StoreContext } from '../../src/store/context.ts'
import { openDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createWriter } from '../../src/store/writer.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

export interface TempDatabase extends StoreContext, Disposable {
  clock: ManualClock
  /** Its folder. */
  folder: string
}

/** A database with the newest schema in a folder of its own, gone at the end of the test. */
export function tempDatabase(clock = manualClock()): TempDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-store-'))
  const database = openDatabase(join(folder, 'tocsin.db'))
  migrate(database, migrations(), null)
  return {
    database,
    writer: createWriter(database, clock),
    clock,
    folder,
    [Symbol.dispose]() {
      database.raw.close()
      rmSync(folder, { recursive: true })
    },
  }
}
