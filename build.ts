/**
 * Makes the executable: `npm run build` for this machine, `npm run build -- --target=linux-arm64` for another one.
 * Everything it needs at run time is inside: runtime, SQLite addon, migrations, template engine, console.
 */
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildConsole } from './scripts/console.ts'

interface Target {
  /** npm package that holds Bun's runtime for it. */
  runtime: string
  /** Bun's own name for it. */
  bun: Bun.Build.CompileTarget
  /** Subpath of better-sqlite3 that embeds its addon for it. */
  addon: string
  /** Machine number in the ELF header. */
  machine: number
}

const X64 = 62
const ARM64 = 183
const targets: Record<string, Target> = {
  'linux-x64': { runtime: 'bun-linux-x64', bun: 'bun-linux-x64', addon: 'linux-x64', machine: X64 },
  'linux-arm64': { runtime: 'bun-linux-aarch64', bun: 'bun-linux-arm64', addon: 'linux-arm64', machine: ARM64 },
  'linux-x64-musl': {
    runtime: 'bun-linux-x64-musl',
    bun: 'bun-linux-x64-musl',
    addon: 'linuxmusl-x64',
    machine: X64,
  },
  'linux-arm64-musl': {
    runtime: 'bun-linux-aarch64-musl',
    bun: 'bun-linux-arm64-musl',
    addon: 'linuxmusl-arm64',
    machine: ARM64,
  },
}

const root = import.meta.dirname
const require = createRequire(join(root, 'package.json'))

await main()

async function main() {
  const started = Date.now()
  const { values } = parseArgs({ options: { target: { type: 'string' } } })
  const name = values.target ?? thisMachine()
  const target = targets[name]
  if (target === undefined)
    return fail(`--target=${name}: not a target. Choose one of ${Object.keys(targets).join(', ')}.`)
  const outfile = join(root, 'dist', values.target === undefined ? 'tocsin' : `tocsin-${name}`)
  const runtime = name === thisMachine() ? process.execPath : fetchRuntime(target.runtime)
  checkMachine(runtime, target.machine)
  const script = await buildConsole()
  await bundle(target, runtime, outfile)
  checkMachine(outfile, target.machine)
  const size = (statSync(outfile).size / 1e6).toFixed(0)
  console.log(
    `${outfile.slice(root.length + 1)}: ${name}, ${size} MB, console ${(script / 1000).toFixed(1)} kB, ${((Date.now() - started) / 1000).toFixed(1)} s`,
  )
}

async function bundle(target: Target, runtime: string, outfile: string) {
  // Written beside and moved into place, so that an executable that is running can be replaced.
  const folder = join(root, 'dist/.new')
  const fresh = join(folder, basename(outfile))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.chdir(root)
  await Bun.build({
    // Workers are looked up beside the main module, hence the flat names.
    entrypoints: ['src/main.ts', ...workers()],
    naming: { entry: '[name].[ext]' },
    target: 'bun',
    format: 'esm',
    // What is loaded later lies apart, so that the start does not map its bytecode into memory.
    splitting: true,
    // Parsed ahead: it starts in half the time.
    bytecode: true,
    minify: { syntax: true, whitespace: true },
    define: {
      TOCSIN_COMMIT: JSON.stringify(commit()),
      TOCSIN_BUILD_TIME: JSON.stringify(new Date().toISOString()),
    },
    // pg offers a native client that is not used.
    external: ['pg-native'],
    compile: {
      target: target.bun,
      executablePath: runtime,
      outfile: fresh,
      assets: assets(),
      // A daemon takes its settings from where it says so, not from files that happen to lie in the working directory.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    plugins: [addonFor(target)],
  })
  renameSync(fresh, outfile)
  rmSync(folder, { recursive: true, force: true })
}

/** Replaces the addon that is searched for at run time by the target's own, embedded. */
function addonFor(target: Target): Bun.BunPlugin {
  const path = require.resolve(`better-sqlite3/${target.addon}`)
  return {
    name: 'addon',
    setup: (build) => void build.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path })),
  }
}

function workers(): string[] {
  return ['src/language/jinja-worker.ts', 'src/connections/sqlite/parent-watch.ts'].map(present)
}

/** Folders are embedded whole under their names, files under their bare names; `src/assets.ts` looks for them there. */
function assets(): string[] {
  const migrations = readdirSync(join(root, 'drizzle')).filter((name) => name.endsWith('.sql'))
  if (migrations.length === 0) fail('drizzle holds no migration: they belong into the executable.')
  return ['drizzle', 'packaging', present('node_modules/minijinja-js/dist/web/minijinja_js_bg.wasm'), 'dist/public']
}

function present(path: string): string {
  return existsSync(join(root, path)) ? path : fail(`${path} is missing: it belongs into the executable.`)
}

/** Bun's runtime for another kind of machine, from its npm package, in the version pinned here. */
function fetchRuntime(name: string): string {
  const folder = join(root, 'node_modules/.cache/runtimes', `${name}-${Bun.version}`)
  const file = join(folder, 'package/bin/bun')
  if (existsSync(file)) return file
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packed = execFileSync('npm', ['pack', `@oven/${name}@${Bun.version}`, '--silent'], {
    cwd: folder,
    encoding: 'utf8',
  }).trim()
  execFileSync('tar', ['-xzf', packed], { cwd: folder })
  rmSync(join(folder, packed))
  return file
}

function thisMachine(): string {
  const musl = process.platform === 'linux' && process.execPath.includes('-musl') ? '-musl' : ''
  return `${process.platform}-${process.arch}${musl}`
}

/** Reads the ELF header, so that an executable for another machine is not mistaken for the right one. */
function checkMachine(file: string, machine: number) {
  const header = new Uint8Array(20)
  const handle = openSync(file, 'r')
  readSync(handle, header)
  closeSync(handle)
  const magic = new TextDecoder('latin1').decode(header.subarray(1, 4))
  const found = new DataView(header.buffer).getUint16(18, true)
  if (magic !== 'ELF' || found !== machine)
    fail(`${file} is not an executable for machine ${machine} (${magic} ${found}).`)
}

function commit(): string {
  try {
    const command = { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] } satisfies ExecFileSyncOptions
    return String(execFileSync('git', ['rev-parse', '--short', 'HEAD'], command)).trim()
  } catch {
    return 'unknown'
  }
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
