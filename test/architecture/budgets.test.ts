import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SourceFile, sourceFiles } from '../support/source-files.ts'

const source = sourceFiles('src')
const tests = sourceFiles('test')

const sum = (files: SourceFile[]) => files.reduce((total, { lines }) => total + lines, 0)
const over = (files: SourceFile[], most: number) =>
  files.filter(({ lines }) => lines > most).map(({ path, lines }) => `${path}: ${lines}`)

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0
}

/** Lengths of functions that span lines; the formatter puts the closing brace under the beginning. */
function functionLengths({ text }: SourceFile): number[] {
  const lines = text.split('\n')
  return lines.flatMap((line, start) => {
    const begins =
      /^\s*(export )?(async )?function\b.*\{$/.test(line) ||
      /=> \{$/.test(line) ||
      /^\s*\).*\{$/.test(line) ||
      /^\s*(async )?(?!if|for|while|switch|catch)[\w$]+\(.*\).* \{$/.test(line)
    if (!begins) return []
    const indent = /^\s*/.exec(line)?.[0] ?? ''
    const end = lines.findIndex((candidate, index) => index > start && candidate.startsWith(`${indent}}`))
    return end < 0 ? [] : [end - start + 1]
  })
}

/** Cases that are kept as data, most of them one a line. */
function casesInFiles(): number {
  const folder = join(import.meta.dirname, '../vectors')
  return readdirSync(folder).reduce(
    (total, name) => total + readFileSync(join(folder, name), 'utf8').split('\n').length,
    0,
  )
}

describe('budgets', () => {
  test('files are short: half of them at most 90 lines, nine in ten at most 250, none over 600', () => {
    const lengths = source.map(({ lines }) => lines)
    expect(percentile(lengths, 0.5)).toBeLessThanOrEqual(90)
    expect(percentile(lengths, 0.9)).toBeLessThanOrEqual(250)
    expect(
      over([...source, ...sourceFiles('public'), ...sourceFiles('scripts'), ...sourceFiles('bench'), ...tests], 600),
    ).toEqual([])
  })

  test('a channel takes at most 130 lines', () => {
    expect(
      over(
        source.filter(({ path }) => /^src\/channels\//.test(path)),
        130,
      ),
    ).toEqual([])
  })

  test('functions are short: nine in ten at most 45 lines', () => {
    const lengths = source.flatMap(functionLengths)
    expect(lengths.length).toBeGreaterThan(50)
    expect(percentile(lengths, 0.9)).toBeLessThanOrEqual(45)
  })

  test('there are at least as many lines of tests, and of the cases they run, as of source', () => {
    expect(sum(tests) + casesInFiles()).toBeGreaterThanOrEqual(sum(source))
  })
})

describe('names and habits', () => {
  const all = [...source, ...sourceFiles('public'), ...tests, ...sourceFiles('scripts'), ...sourceFiles('bench')]

  test('file and folder names are lower-case words joined by dashes, and say what is inside', () => {
    const parts = all.flatMap(({ path }) => path.split('/'))
    const odd = parts.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.[a-z]+)?(\.tsx?)?$/.test(name))
    expect(odd).toEqual([])
    expect(parts.filter((name) => /^(utils?|helpers?|common|shared|misc)(\.ts)?$/.test(name))).toEqual([])
  })

  test('no type check is switched off and no module is replaced', () => {
    // The words are put together here, so that this file does not match itself.
    const banned = new RegExp(`@ts-${'ignore'}|@ts-${'nocheck'}|\\bmock\\.${'module'}\\(|\\b${'jest'}\\.`)
    expect(all.filter(({ text }) => banned.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('relative imports carry their extension', () => {
    const bare = all.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => /^\.{1,2}\/.*(?<!\.(ts|tsx|json|mjs|css))$/.test(specifier))
        .map(({ specifier }) => `${path}: ${specifier}`),
    )
    expect(bare).toEqual([])
  })
})
