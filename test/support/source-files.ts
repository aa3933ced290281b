import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the source tree, for tests of its structure. */
export interface SourceFile {
  /** From the root of the tree, such as `src/store/schema.ts`. */
  path: string
  text: string
  lines: number
  imports: Import[]
}

interface Import {
  /** As written. */
  specifier: string
  /** Only types, which leave no trace at run time. */
  typeOnly: boolean
  /** The file it leads to, from the root of the tree; null for packages. */
  target: string | null
}

const root = join(import.meta.dirname, '../..')

/** All TypeScript files under a folder of the tree. */
export function sourceFiles(folder: string): SourceFile[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('node_modules'))
    .sort()
    .map((name) => read(join(folder, name)))
}

function read(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, text) }
}

function importsOf(path: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\b( type\b)?[^'"`;]*?\bfrom '([^']+)'|^import()? '([^']+)'/gms)
  const calls = text.matchAll(/\bimport\('([^']+)'\)|new Worker\(\s*new URL\('([^']+)'/g)
  return [
    ...[...statements].map((match) => found(path, match[2] ?? match[4] ?? '', match[1] !== undefined)),
    ...[...calls].map((match) => found(path, match[1] ?? match[2] ?? '', false)),
  ]
}

function found(path: string, specifier: string, typeOnly: boolean): Import {
  return { specifier, typeOnly, target: specifier.startsWith('.') ? join(path, '..', specifier) : null }
}
