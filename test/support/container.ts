import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { once, program, type Requirement, serversFolder } from './requirements.ts'
import { eventually, startServer } from './servers.ts'

/** What a command printed and how it ended. */
export interface Ran {
  code: number
  out: string
  err: string
}

/** A bare Debian in which systemd is process 1, with a network of its own. */
export interface Container {
  /** Its root, as this machine sees it. */
  root: string
  /** Runs a command in it. */
  run(...command: string[]): Promise<Ran>
  /** The same; throws, with what was printed, when it fails. Gives its output. */
  ok(...command: string[]): Promise<string>
  /** Runs a command of this machine in its network. */
  inNetwork(...command: string[]): Promise<Ran>
  stop(): Promise<void>
}

/** Everything a container needs; root alone can start one. */
export const containerPrograms: Requirement[] = [
  {
    name: 'the right to start containers',
    bring: 'run the tests as root on Linux, outside of a container that forbids it',
    present: () =>
      process.platform === 'linux' &&
      process.getuid?.() === 0 &&
      spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true']).status === 0,
  },
  program('systemd-nspawn', 'systemd-container'),
  program('debootstrap', 'debootstrap'),
]

/** The Debian of this machine, as small as it comes with systemd; made once and kept for the runs after this one. */
const image = join(serversFolder, '.cache', `debian-${process.arch}.tar.gz`)

/** Starts a container on a fresh root. */
export async function startContainer(): Promise<Container> {
  await once('container image', makeImage)
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-container-'))
  const root = join(folder, 'root')
  mkdirSync(root)
  execFileSync('tar', ['-xzf', image, '-C', root])
  const options = '--boot --register=no --keep-unit --private-network --console=pipe --quiet'
  const nspawn = `exec systemd-nspawn ${options} --directory='${root}'`
  const server = startServer({
    command: `sh -c 'echo $$ > pid; ${nspawn.replaceAll("'", '"')}'`,
    end: 'TERM',
    crash: 'KILL',
    folder,
  })
  const leader = await eventually(() => leaderOf(join(folder, 'pid')), 30_000)
  const inside = ['--target', leader, '--mount', '--uts', '--ipc', '--net', '--pid', '--']
  const run = (...command: string[]) => ran('nsenter', [...inside, ...command])
  const container: Container = {
    root,
    run,
    async ok(...command) {
      const { code, out, err } = await run(...command)
      if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${out}\n${err}`)
      return out
    },
    inNetwork: (...command) => ran('nsenter', ['--target', leader, '--net', '--', ...command]),
    stop: () => server.stop(),
  }
  await eventually(async () => {
    const { out } = await run('systemctl', 'is-system-running')
    if (!['running', 'degraded'].includes(out)) throw new Error(`The container is ${out}.`)
  }, 60_000)
  return container
}

async function ran(file: string, options: string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, options)
    return { code: 0, out: stdout.trimEnd(), err: stderr.trimEnd() }
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string }
    return { code, out: stdout.trimEnd(), err: stderr.trimEnd() }
  }
}

/** The first process of the container, as this machine numbers it; before it there is one that prepares the way. */
function leaderOf(file: string): string {
  const pid = readFileSync(file, 'utf8').trim()
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  const leader = children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd')
  if (leader === undefined) throw new Error('The container has no first process yet.')
  return leader
}

async function makeImage() {
  if (existsSync(image)) return
  mkdirSync(join(serversFolder, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-image-'))
  const { site, release } = mirror()
  const options = ['--variant=minbase', '--include=systemd,systemd-sysv,dbus', release, join(folder, 'root'), site]
  try {
    await promisify(execFile)('debootstrap', options, { maxBuffer: 1e8 })
    rmSync(join(folder, 'root/var/cache/apt/archives'), { recursive: true, force: true })
    const draft = `${image}.${process.pid}`
    execFileSync('tar', ['-czf', draft, '-C', join(folder, 'root'), '.'], { env: { ...process.env, GZIP: '-1' } })
    renameSync(draft, image)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Where this machine takes its own packages from. */
function mirror(): { site: string; release: string } {
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  const format = ['indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages']
  const { stdout } = spawnSync('apt-get', format, { encoding: 'utf8' })
  const lines = stdout.split('\n').map((line) => line.split(' '))
  const site = lines.find(([, name, component]) => name === release && component === 'main')?.[0]
  if (site === undefined) throw new Error(`apt knows no source of ${release}.`)
  return { site, release }
}
