import { realpath } from 'node:fs/promises'
import { relative } from 'node:path'
import { type ConnectionContext, QueryError } from '../connection.ts'

/** The real path of a database file that may be queried. Throws `unavailable` with the reason and the remedy. */
export async function allowedPath(path: string, context: ConnectionContext): Promise<string> {
  const real = await realpath(path).catch(() => null)
  // What is outside is told apart from what does not exist only for paths that may be asked for.
  const target = real ?? path
  const denied = await realAll(context.deniedPaths)
  if (denied.some((folder) => isInside(target, folder)))
    throw new QueryError('unavailable', `${path} belongs to Tocsin itself and is never queried.`)
  const allowed = await realAll(context.sqlitePaths)
  if (!allowed.some((folder) => isInside(target, folder)))
    throw new QueryError(
      'unavailable',
      `${path} is not in a folder of which files may be queried. To allow it, add its folder to connections.sqlite.paths.`,
    )
  if (real === null) throw new QueryError('unavailable', `${path} does not exist, or cannot be read.`)
  return real
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
