import { toJsonSchema } from '@valibot/to-json-schema'
import { channels } from '../channels/index.ts'
import type { Terminal } from './terminal.ts'

/** Lists the kinds of channels there are, and with `json` the JSON Schema of their settings. */
export function listKinds(terminal: Terminal, { json }: { json: boolean }): number {
  const kinds = Object.values(channels)
  if (json) terminal.out(JSON.stringify(kinds.map(describe), null, 2))
  else
    for (const { kind, label, documentation } of kinds) terminal.out(`${kind.padEnd(20)}  ${label}  ${documentation}`)
  return 0
}

function describe({ kind, label, limits, settings }: (typeof channels)[keyof typeof channels]) {
  return { kind, label, settings: toJsonSchema(settings, { errorMode: 'ignore', typeMode: 'input' }), limits }
}
