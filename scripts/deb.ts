/**
 * `npm run build:deb [-- --target=linux-arm64]`: builds the executable and packs it for Debian, as
 * `dist/tocsin_VERSION_ARCHITECTURE.deb`. Needs `dpkg-deb`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')
const architectures: Record<string, string> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' }

const { values } = parseArgs({ options: { target: { type: 'string' }, 'no-build': { type: 'boolean' } } })
const own = `${process.platform}-${process.arch}`
const target = values.target ?? own
const architecture = architectures[target]
if (architecture === undefined)
  fail(`--target=${target}: packages are made for ${Object.keys(architectures).join(', ')}.`)
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

const executable = join(root, 'dist', target === own ? 'tocsin' : `tocsin-${target}`)
if (values['no-build'] !== true || !existsSync(executable)) build()
const folder = mkdtempSync(join(tmpdir(), 'tocsin-deb-'))
try {
  pack(folder)
} finally {
  rmSync(folder, { recursive: true })
}

function build() {
  const options = target === own ? [] : [`--target=${target}`]
  const { status } = spawnSync(process.execPath, ['build.ts', ...options], { cwd: root, stdio: 'inherit' })
  if (status !== 0) fail('The executable could not be built.')
}

function pack(into: string) {
  const put = (from: string, to: string, mode = 0o644) => place(into, to, readFileSync(join(root, from)), mode)
  mkdirSync(join(into, 'usr/bin'), { recursive: true })
  cpSync(executable, join(into, 'usr/bin/tocsin'))
  chmodSync(join(into, 'usr/bin/tocsin'), 0o755)
  put('packaging/tocsin.service', 'lib/systemd/system/tocsin.service')
  put('packaging/tocsin.yaml', 'etc/tocsin/tocsin.yaml')
  put('packaging/debian/copyright', 'usr/share/doc/tocsin/copyright')
  put('packaging/debian/lintian-overrides', 'usr/share/lintian/overrides/tocsin')
  place(into, 'usr/share/doc/tocsin/changelog.gz', zipped(changelog()))
  place(into, 'usr/share/man/man1/tocsin.1.gz', zipped(readFileSync(join(root, 'packaging/tocsin.1'), 'utf8')))
  const files = contents(into)
  const size = Math.ceil(files.reduce((sum, file) => sum + statSync(join(into, file)).size, 0) / 1024)
  const control = readFileSync(join(root, 'packaging/debian/control'), 'utf8')
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', architecture ?? '')
    .replace('@SIZE@', String(size))
  place(into, 'DEBIAN/control', control)
  place(into, 'DEBIAN/conffiles', '/etc/tocsin/tocsin.yaml\n')
  place(
    into,
    'DEBIAN/md5sums',
    files
      .filter((file) => !file.startsWith('etc/'))
      .map((file) => sum(into, file))
      .join(''),
  )
  for (const script of ['postinst', 'prerm', 'postrm']) put(`packaging/debian/${script}`, `DEBIAN/${script}`, 0o755)
  const file = join(root, 'dist', `tocsin_${version}_${architecture}.deb`)
  execFileSync('dpkg-deb', ['-Zgzip', '--root-owner-group', '--build', into, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  console.log(`${relative(root, file)}: ${(statSync(file).size / 1e6).toFixed(0)} MB`)
}

/** Debian's form of a changelog; what changed is told in the project's own. */
function changelog(): string {
  const at = new Date(statSync(join(root, 'CHANGELOG.md')).mtime).toUTCString().replace('GMT', '+0000')
  return `tocsin (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- Tocsin <tocsin@example.org>  ${at}\n`
}

function zipped(text: string): Uint8Array {
  return gzipSync(text, { level: 9 })
}

function place(into: string, path: string, content: string | Uint8Array, mode = 0o644) {
  const file = join(into, path)
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
  writeFileSync(file, content)
  chmodSync(file, mode)
}

function contents(into: string): string[] {
  return readdirSync(into, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(into, join(entry.parentPath, entry.name)))
    .sort()
}

function sum(into: string, file: string): string {
  const hash = createHash('md5')
    .update(readFileSync(join(into, file)))
    .digest('hex')
  return `${hash}  ${file}\n`
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
