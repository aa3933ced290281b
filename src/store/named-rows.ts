import type { Writer } from './writer.ts'

/** What channels and connections have in common: their names are unique within their project. */
interface NamedRow {
  id: string
  project: string
  name: string
}

/** Rows that are few and asked for at every turn: all of them are kept in memory until one is written. */
export function keptRows<Row extends NamedRow>(writer: Writer, load: () => Row[]) {
  let kept: Map<string, Row> | undefined
  const rows = () => {
    kept ??= new Map(load().map((row) => [row.id, row]))
    return kept
  }
  return {
    all: (): Row[] => [...rows().values()],
    /** Runs a unit that changes rows, and forgets what is kept. */
    write: <T>(unit: () => T, pace: 'now' | 'paced' = 'now'): Promise<T> =>
      writer.write(unit, pace).finally(() => {
        kept = undefined
      }),
    get: (id: string): Row | undefined => rows().get(id),
    byName(project: string, name: string): Row | undefined {
      for (const row of rows().values()) if (row.project === project && row.name === name) return row
      return undefined
    },
    names: (project: string): string[] =>
      [...rows().values()].filter((row) => row.project === project).map(({ name }) => name),
  }
}
