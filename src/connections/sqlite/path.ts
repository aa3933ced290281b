import { locate } from '../../folders.ts'
import { type ConnectionContext, QueryError } from '../connection.ts'

/** The real path of a database file that may be queried. Throws `unavailable` with the reason and the remedy. */
export async function allowedPath(path: string, context: ConnectionContext): Promise<string> {
  const found = await locate(path, context.sqlitePaths, context.deniedPaths)
  if (typeof found !== 'string') return found.real
  const texts = {
    own: `${path} belongs to Tocsin itself and is never queried.`,
    outside: `${path} is not in a folder of which files may be queried. To allow it, add its folder to connections.sqlite.paths.`,
    missing: `${path} does not exist, or cannot be read.`,
  }
  throw new QueryError('unavailable', texts[found])
}
