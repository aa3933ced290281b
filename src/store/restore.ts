import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { type Contents, copyDatabase, inspect, openCopy } from './backup.ts'
import { lockDataDirectory } from './lock.ts'
import { databaseFile, prepareDataDirectory } from './open.ts'
import { adopt } from './ownership.ts'

/**
 * Puts a backup into an empty data directory, after it was verified. Throws `conflict` when the directory holds
 * anything; on any failure it is left as it was.
 */
export function restore(directory: string, backup: string): Contents {
  const isNew = !existsSync(directory)
  if (!isNew && readdirSync(directory).length > 0)
    throw new AppError(
      'conflict',
      `The data directory ${directory} is not empty. A backup is restored into an empty one: name another with --data-dir, or move what is there away first.`,
    )
  inspect(backup)
  prepareDataDirectory(directory)
  try {
    return copyInto(directory, backup)
  } catch (thrown) {
    if (isNew) rmSync(directory, { recursive: true, force: true })
    else for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true })
    throw thrown
  }
}

function copyInto(directory: string, backup: string): Contents {
  const release = lockDataDirectory(directory)
  const source = openCopy(backup)
  try {
    const contents = copyDatabase(source, databaseFile(directory), { overwrite: false })
    adopt(databaseFile(directory))
    return contents
  } finally {
    source.close()
    release()
  }
}
