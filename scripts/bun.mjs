// Runs a script under the pinned Bun: `node scripts/bun.mjs FILE [ARGUMENTS]`. Any Node from 20 on can start it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// npm copies the binary in an install script; where scripts did not run, it still lies in the platform's package.
function findBun() {
  const platform = `bun-${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`
  const candidates = [platform, `${platform}-musl`, `${platform}-baseline`].map((name) =>
    join(root, 'node_modules/@oven', name, 'bin/bun'),
  )
  return [...candidates, join(root, 'node_modules/bun/bin/bun.exe')].find((file) => existsSync(file))
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.on('exit', (code, signal) => resolve(signal ? 128 : (code ?? 1)))
    child.on('error', (error) => {
      process.stderr.write(`cannot start ${command}: ${error.message}\n`)
      resolve(127)
    })
  })
}

const installed = () => {
  try {
    createRequire(join(root, 'package.json')).resolve('hono')
    return findBun() !== undefined
  } catch {
    return false
  }
}
if (!installed()) {
  const code = await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) process.exit(code)
}
const bun = findBun()
if (bun === undefined) {
  process.stderr.write('The pinned Bun is not installed for this platform. Run: npm install bun\n')
  process.exit(1)
}
process.exit(await run(bun, process.argv.slice(2)))
