import { join } from 'node:path'
import { type Connection, QueryError } from '../../src/connections/connection.ts'
import type { Caller, ManageContext } from '../../src/manage/context.ts'
import type { QueryResult } from '../../src/model/result.ts'
import { createPrograms } from '../../src/programs.ts'
import { createSecrets, wrapNewKey } from '../../src/secrets.ts'
import type { Store } from '../../src/store/index.ts'
import { createStore } from '../../src/store/index.ts'
import { readSchedule } from '../../src/trigger/schedule.ts'
import { type TempDatabase, tempDatabase } from './temp-database.ts'

export interface TestManage extends ManageContext, Disposable {
  clock: TempDatabase['clock']
  store: Store
  database: TempDatabase
  /** What connections answer; an error is thrown. */
  answer: { query: QueryResult | Error; check: { server: string; warnings: string[] } | Error }
  /** Changes of rules that were told of. */
  changes: number
}

export const caller: Caller = { project: 'default', actor: 'ann' }

/** Everything management works with, over a real store; connections are played. */
export function testManage(): TestManage {
  const database = tempDatabase()
  const masterKey = new Uint8Array(32).fill(7)
  const context: TestManage = {
    database,
    clock: database.clock,
    store: createStore(database.database, database.clock),
    secrets: createSecrets(masterKey, [wrapNewKey(masterKey, 'key_1')]),
    sources: { open: () => playedConnection(context) },
    programs: createPrograms(['/bin']),
    runScript: async () => ({}),
    readSchedule,
    sampleFolder: join(database.folder, 'sample'),
    changes: 0,
    onRulesChanged: () => {
      context.changes += 1
    },
    answer: {
      query: new QueryError('unavailable', 'nobody listens there'),
      check: { server: 'PostgreSQL 18.1', warnings: [] },
    },
    [Symbol.dispose]: () => database[Symbol.dispose](),
  }
  return context
}

function playedConnection({ answer }: TestManage): Connection {
  return {
    check: async () => orThrow(answer.check),
    query: async () => orThrow(answer.query),
    close: async () => {},
  }
}

function orThrow<T>(answer: T | Error): T {
  if (answer instanceof Error) throw answer
  return answer
}
