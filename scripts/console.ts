import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minify } from 'terser'

const root = join(import.meta.dirname, '..')

/** Bytes that all scripts of the console may take together, compressed. */
export const SCRIPT_BUDGET = 45_000

/**
 * Builds the console into `dist/public`: one page, and its files under names that change with their content, each also
 * compressed. Gives the compressed size of the scripts; throws when it has become too large.
 */
export async function buildConsole(): Promise<number> {
  const fresh = join(root, 'dist/.public')
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(join(fresh, 'assets'), { recursive: true })
  const { script, style } = await bundle()
  const icon = readFileSync(join(root, 'public/icon.svg'))
  const files = {
    script: named('main', 'js', script),
    style: named('main', 'css', style),
    icon: named('icon', 'svg', icon),
  }
  let page = readFileSync(join(root, 'public/index.html'), 'utf8')
  for (const [place, { name }] of Object.entries(files)) page = page.replace(`{{${place}}}`, `/${name}`)
  const sizes = [...Object.values(files), { name: 'index.html', content: Buffer.from(page) }].map((file) =>
    write(fresh, file),
  )
  const size = sizes[0] ?? 0
  if (size > SCRIPT_BUDGET)
    throw new Error(`The console's script takes ${size} bytes compressed; ${SCRIPT_BUDGET} are allowed.`)
  rmSync(join(root, 'dist/public'), { recursive: true, force: true })
  renameSync(fresh, join(root, 'dist/public'))
  return size
}

async function bundle(): Promise<{ script: Buffer; style: Buffer }> {
  const { outputs } = await Bun.build({
    entrypoints: [join(root, 'public/main.tsx')],
    target: 'browser',
    format: 'esm',
    // Of the style only: scripts are made smaller still by another program.
    minify: { whitespace: true, syntax: true },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [linesOnly],
  })
  const [script = '', style = ''] = await Promise.all(
    ['.js', '.css'].map((end) => outputs.find(({ path }) => path.endsWith(end))?.text()),
  )
  const { code = '' } = await minify(script, {
    module: true,
    ecma: 2020,
    compress: { passes: 4, pure_getters: true, keep_fargs: false },
  })
  return { script: Buffer.from(code), style: Buffer.from(style) }
}

/**
 * What of the chart library is left out: of its ways to draw a series all but the straight line, of its scales all but the
 * linear one, points that are no functions of time, and what it offers to those who draw by themselves.
 */
const leftOut = [
  [/^\s*\(paths\.(stepped|bars|spline)\s*=.*$/gm, ''],
  [/\b(?:\w+\.)?distr\s*(?:==\s*(?:2|3|4|100)|>= 3)(?!\d)/g, 'false'],
  [/\bmode == 2\b/g, 'false'],
  [/\bmode == 1\b/g, 'true'],
  [/^\s*uPlot\.(?:range(?:Log|Asinh)|orient|join|tzDate|sync|addGap|clipGaps)\s*= .*$/gm, ''],
] as const

const linesOnly: Bun.BunPlugin = {
  name: 'lines only',
  setup(build) {
    build.onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      const contents = leftOut.reduce(
        (text, [what, instead]) => {
          const rest = text.replace(what, instead)
          if (rest === text) throw new Error(`${path} has no ${what}: look at what is left out of it.`)
          return rest
        },
        readFileSync(path, 'utf8'),
      )
      return { contents, loader: 'js' }
    })
  },
}

interface BuiltFile {
  /** From the console's root. */
  name: string
  content: Buffer
}

function named(name: string, ending: string, content: Buffer): BuiltFile {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10)
  return { name: `assets/${name}-${hash}.${ending}`, content }
}

/** Gives the compressed size. */
function write(folder: string, { name, content }: BuiltFile): number {
  const packed = Bun.gzipSync(new Uint8Array(content), { library: 'libdeflate', level: 12 })
  writeFileSync(join(folder, name), content)
  writeFileSync(join(folder, `${name}.gz`), packed)
  return packed.length
}
