import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/clock.ts'
import type { Store } from '../src/store/index.ts'
import { openStore } from '../src/store/open.ts'

/** A store on the disk of the temporary folder, gone when closed. */
export function openBenchStore(): { store: Store; folder: string; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const { store } = openStore(join(folder, 'data'), systemClock)
  return {
    store,
    folder,
    close() {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
