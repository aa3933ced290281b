import type { Clock } from '../clock.ts'
import type { Database } from './database.ts'
import type { Writer } from './writer.ts'

/** What every file of named queries works with. */
export interface StoreContext {
  database: Database
  writer: Writer
  clock: Clock
}
