/** `npm run demo`: builds the executable and starts its demonstration, which ends with Ctrl-C. */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

const built = spawnSync(process.execPath, ['build.ts'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
if (built.status !== 0) process.exit(built.status ?? 1)

const child = spawn(join(root, 'dist/tocsin'), ['demo', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))
