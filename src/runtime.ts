import { fileURLToPath } from 'node:url'
import { isExecutable } from './version.ts'

/** The runtime and its version, such as `bun 1.4.5`. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions
  return bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`
}

/** Gives back what the start took and nothing needs any more, where the runtime can be asked to. */
export function releaseMemory(): void {
  if (process.versions.bun !== undefined) Bun.shrink()
}

/** The command that runs this very program again, to be followed by a verb. */
export function selfCommand(): string[] {
  if (isExecutable) return [process.execPath]
  const entry = fileURLToPath(new URL('./main.ts', import.meta.url))
  return process.versions['deno'] === undefined
    ? [process.execPath, entry]
    : [process.execPath, 'run', '--allow-all', '--quiet', entry]
}
