import { channels } from '../channels/index.ts'
import { fieldsOf } from '../model/settings.ts'
import type { Terminal } from './terminal.ts'

/** Lists the kinds of channels there are, and with `json` their settings. */
export function listKinds(terminal: Terminal, { json }: { json: boolean }): number {
  const kinds = Object.values(channels)
  if (json)
    terminal.out(
      JSON.stringify(
        kinds.map(({ kind, label, documentation, limits, idempotent, settings }) => ({
          kind,
          label,
          documentation,
          idempotent,
          limits,
          settings: fieldsOf(settings),
        })),
        null,
        2,
      ),
    )
  else
    for (const { kind, label, documentation } of kinds) terminal.out(`${kind.padEnd(12)}  ${label}  ${documentation}`)
  return 0
}
