import type * as v from 'valibot'
import { clickhouse } from './clickhouse/kind.ts'
import type { ConnectionKind } from './connection.ts'
import { postgres } from './postgres/kind.ts'
import { sqlite } from './sqlite/kind.ts'

/** Every kind of database that can be queried. A new one is its folder, its test and a line here. */
export const connectionKinds = { postgres, clickhouse, sqlite } satisfies Record<string, Registered>

export type ConnectionKindName = keyof typeof connectionKinds

export function isConnectionKind(name: string): name is ConnectionKindName {
  return Object.hasOwn(connectionKinds, name)
}

/** What all kinds have in common, whatever their settings. */
type Registered = Pick<ConnectionKind<v.GenericSchema>, 'kind' | 'label' | 'documentation' | 'settings'>
