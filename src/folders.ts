import { realpath } from 'node:fs/promises'
import { relative } from 'node:path'

/** Where a file really is, or why it may not be touched: it is Tocsin's own, outside of the folders, or not there. */
export type Whereabouts = { real: string } | 'own' | 'outside' | 'missing'

/** Finds a file, through all links, within the folders that are allowed and outside of those that are denied. */
export async function locate(
  path: string,
  allowed: readonly string[],
  denied: readonly string[],
): Promise<Whereabouts> {
  const real = await realpath(path).catch(() => null)
  // What is outside is told apart from what does not exist only for paths that may be asked for.
  const target = real ?? path
  if ((await realAll(denied)).some((folder) => isInside(target, folder))) return 'own'
  if (!(await realAll(allowed)).some((folder) => isInside(target, folder))) return 'outside'
  return real === null ? 'missing' : { real }
}

function realAll(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => realpath(path).catch(() => path)))
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return (
    way === '' || !(way === '..' || way.startsWith('../') || way.startsWith('..\\') || /^([a-z]:)?[\\/]/i.test(way))
  )
}
