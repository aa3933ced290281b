import { describe, expect, test } from 'bun:test'
import { type SourceFile, sourceFiles } from '../support/source-files.ts'

/** The parts of the program from the ground up. A part is a folder under src, or a file; `flow.ts` and `flow/` are one. */
const levels: string[][] = [
  ['model', 'errors', 'clock', 'ids', 'assets', 'version', 'runtime'],
  ['language', 'config', 'log', 'telemetry', 'systemd', 'redact', 'secrets', 'net', 'programs', 'folders'],
  ['connections', 'channels', 'store', 'evaluate', 'compose', 'importers'],
  ['flow', 'deliver', 'cluster'],
  ['trigger', 'manage'],
  ['http'],
  ['app'],
  ['cli', 'main'],
]
/** From this level up, parts of one level never import each other. */
const STRANGERS = 2

const files = sourceFiles('src')
const part = (path: string) => /^src\/([^/.]+)/.exec(path)?.[1] ?? ''
const level = (path: string) => levels.findIndex((parts) => parts.includes(part(path)))

function offences(file: SourceFile): string[] {
  return file.imports.flatMap(({ target }) => {
    if (target === null || !target.startsWith('src/') || part(target) === part(file.path)) return []
    const [from, to] = [level(file.path), level(target)]
    return to < from || (to === from && from < STRANGERS) || part(file.path) === 'main'
      ? []
      : [`${file.path} (level ${from}) imports ${target} (level ${to})`]
  })
}

describe('imports', () => {
  test('every part has its level', () => {
    expect(files.filter(({ path }) => level(path) < 0).map(({ path }) => path)).toEqual([])
  })

  test('imports go to a lower level, and from level 2 up never to a sibling', () => {
    expect(files.flatMap(offences)).toEqual([])
  })

  test('an offence would be noticed', () => {
    const file = { path: 'src/store/rules.ts', text: '', lines: 1 }
    const target = (path: string) => offences({ ...file, imports: [{ specifier: '', typeOnly: false, target: path }] })
    expect(target('src/flow.ts')).toHaveLength(1)
    expect(target('src/evaluate/state.ts')).toHaveLength(1)
    expect(target('src/store/schema.ts')).toEqual([])
    expect(target('src/model/rule.ts')).toEqual([])
    expect(files.find(({ path }) => path === 'src/store/rules.ts')?.imports.length).toBeGreaterThan(3)
  })

  test('the source never imports from outside itself', () => {
    const outside = files.flatMap(({ path, imports }) =>
      imports.flatMap(({ target }) =>
        target === null || target.startsWith('src/') || target === 'package.json' ? [] : [`${path} imports ${target}`],
      ),
    )
    expect(outside).toEqual([])
  })
})

test('the console knows the types of the source and nothing else of it', () => {
  const console = sourceFiles('public')
  expect(console.length).toBeGreaterThan(10)
  const more = console.flatMap(({ path, imports }) =>
    imports.flatMap(({ target, typeOnly }) =>
      target === null || target.startsWith('public/') || (target.startsWith('src/') && typeOnly)
        ? []
        : [`${path} imports ${target}`],
    ),
  )
  expect(more).toEqual([])
})
