import { fileURLToPath } from 'node:url'
import { isExecutable } from './version.ts'

/** The runtime and its version, such as `bun 1.4.5`. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions
  return bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`
}

/** The command that runs this very program again, to be followed by a verb. */
export function selfCommand(): string[] {
  if (isExecutable) return [process.execPath]
  const entry = fileURLToPath(new URL('./main.ts', import.meta.url))
  return process.versions['deno'] === undefined
    ? [process.execPath, entry]
    : [process.execPath, 'run', '--allow-all', '--quiet', entry]
}
