/** `npm run check`: types, style, dead code and the rules of the architecture, in a minute. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

const checks: [what: string, command: string, ...options: string[]][] = [
  ['types', bin('tsc'), '--noEmit'],
  ['types of the console', bin('tsc'), '--noEmit', '--project', 'public'],
  ['style', bin('biome'), 'ci', '--error-on-warnings', '.'],
  ['dead code', process.execPath, bin('knip'), '--no-config-hints'],
  ['architecture', process.execPath, 'test', 'test/architecture'],
]

const failed = checks.filter(([what, command, ...options]) => {
  const started = Date.now()
  const { status } = spawnSync(command, options, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  console.log(`${status === 0 ? 'passed' : 'FAILED'}: ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  return status !== 0
})
process.exit(failed.length === 0 ? 0 : 1)
