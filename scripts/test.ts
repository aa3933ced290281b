/**
 * `npm test [-- PATH…]`: builds the executable and runs the tests, end to end on the executable included. Missing test
 * servers are installed first. Closes with `N passed, N failed, N skipped`; with CI=true a skipped
 * test is a failure.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverPackages } from '../test/support/requirements.ts'

interface Totals {
  passed: number
  failed: number
  skipped: string[]
}

const root = join(import.meta.dirname, '..')
const paths = process.argv.slice(2)

const built = runBun('build.ts')
if (built !== 0) finish({ passed: 0, failed: 1, skipped: [] })

// Before the tests: the runtime does not see packages that come while it runs. Tests name what is missing then.
await serverPackages.present()

const folder = mkdtempSync(join(tmpdir(), 'tocsin-test-'))
const report = join(folder, 'report.xml')
const code = runBun(
  'test',
  '--timeout=60000',
  '--reporter=junit',
  `--reporter-outfile=${report}`,
  ...(paths.length === 0 ? ['test/'] : paths),
)
const totals = existsSync(report) ? count(readFileSync(report, 'utf8')) : { passed: 0, failed: 0, skipped: [] }
rmSync(folder, { recursive: true, force: true })
// A file that cannot be loaded is in no report.
if (code !== 0 && totals.failed === 0) totals.failed = 1
finish(totals)

function runBun(...options: string[]): number {
  const { status } = spawnSync(process.execPath, options, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  return status ?? 1
}

function count(xml: string): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: [] }
  for (const [, attributes = '', rest = ''] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    if (rest.includes('<skipped')) totals.skipped.push(`${attribute(attributes, 'file')}: ${fullName(attributes)}`)
    else if (rest.includes('<failure') || rest.includes('<error')) totals.failed += 1
    else totals.passed += 1
  }
  return totals
}

function fullName(attributes: string): string {
  return [attribute(attributes, 'classname'), attribute(attributes, 'name')].filter((part) => part !== '').join(' > ')
}

function attribute(attributes: string, name: string): string {
  const text = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
  return text.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

function finish({ passed, failed, skipped }: Totals): never {
  for (const name of skipped) console.log(`skipped: ${name}`)
  const strict = process.env['CI'] === 'true'
  if (strict && skipped.length > 0) console.log('With CI=true a skipped test is a failure.')
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`)
  process.exit(failed > 0 || passed === 0 || (strict && skipped.length > 0) ? 1 : 0)
}
