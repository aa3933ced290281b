import { mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the daemon is told: events of runs, and deliveries that were made here. */
export type News = 'events' | 'deliveries'

/** Something that is kept until the daemon has it. The token that it is sent with is not kept. */
export interface Spooled {
  /** Where the daemon is. */
  url: string
  project: string
  news: News
  /** When it came to pass, ms since 1970. */
  time: number
  item: { id: string; [key: string]: unknown }
}

/** News on disk, oldest first; several processes may share them. */
export interface Spool {
  /** Keeps one. Throws when the folder cannot be written to. */
  put(spooled: Spooled): void
  /** Those kept for a daemon, with their file names. */
  of(url: string): { file: string; spooled: Spooled }[]
  /** Forgets one that has arrived, or never will. */
  drop(file: string): void
}

/** More than this, left by a daemon that is never reached, are not kept. */
const MOST = 10_000

export function openSpool(folder: string): Spool {
  const files = () => {
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .sort()
    } catch {
      return []
    }
  }
  const drop = (file: string) => {
    try {
      unlinkSync(join(folder, file))
    } catch {
      // Another process has sent it meanwhile.
    }
  }
  return {
    put(spooled) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const name = `${String(Math.floor(spooled.time)).padStart(15, '0')}-${spooled.item.id}`
      writeFileSync(join(folder, `${name}.new`), JSON.stringify(spooled), { mode: 0o600, flush: true })
      renameSync(join(folder, `${name}.new`), join(folder, `${name}.json`))
      const kept = files()
      for (const file of kept.slice(0, Math.max(0, kept.length - MOST))) drop(file)
    },
    of: (url) =>
      files().flatMap((file) => {
        const spooled = read(join(folder, file))
        return spooled?.url === url ? [{ file, spooled }] : []
      }),
    drop,
  }
}

/** Undefined for a file that is gone, or was cut short by a crash. */
function read(path: string): Spooled | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Spooled
  } catch {
    return undefined
  }
}
