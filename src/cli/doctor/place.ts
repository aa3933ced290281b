import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Bytes that must be free, and that should be. */
const LEAST = 100e6
const COMFORTABLE = 1e9

/** Whether the data directory is there, for its owner alone, and can be written. */
export function lookAtDirectory(directory: string): Finding[] {
  const about = 'data directory'
  if (!existsSync(directory))
    return [
      warn(
        about,
        `${directory} is not there yet`,
        '"tocsin serve" makes it; if it should be there, name it with --data-dir',
      ),
    ]
  const { uid, mode } = statSync(directory)
  const isRoot = process.geteuid?.() === 0
  if (!isRoot && !isWritable(directory))
    return [
      fail(
        about,
        `${directory} cannot be written by this account`,
        `run this as its owner: sudo -u '#${uid}' tocsin doctor …`,
      ),
    ]
  return [ok(about, directory), ...lookAtModes(directory, mode), ...lookAtOwners(directory, uid)]
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function lookAtModes(directory: string, mode: number): Finding[] {
  const files = filesIn(directory).filter((file) => (statSync(file).mode & 0o077) !== 0)
  const open = (mode & 0o077) === 0 ? [] : files
  if ((mode & 0o077) === 0) return [ok('permissions', 'for its owner alone')]
  return [
    warn(
      'permissions',
      `others may look into ${directory}${open.length > 0 ? ` and read ${open.join(', ')}` : ''}`,
      `chmod 700 ${directory}${open.length > 0 ? `; chmod 600 ${open.join(' ')}` : ''}`,
    ),
  ]
}

function lookAtOwners(directory: string, owner: number): Finding[] {
  const foreign = filesIn(directory).filter((file) => statSync(file).uid !== owner)
  if (foreign.length === 0) return []
  const text = `${foreign.join(', ')} ${foreign.length === 1 ? 'belongs' : 'belong'} to another account than the directory`
  return [fail('owner', text, `chown --reference=${directory} ${foreign.join(' ')}`)]
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).map((name) => join(directory, name))
}

/** Whether there is room on the disk of the data directory, also for a copy of the database. */
export function lookAtDisk(directory: string, databaseBytes: number): Finding[] {
  const { bavail, bsize, ffree, files } = statfsSync(directory)
  const free = bavail * bsize
  const text = `${gigabytes(free)} free`
  const remedy = 'make room there, keep less (retention.days, retention.maxMegabytes) or move the data directory'
  if (files > 0 && ffree === 0) return [fail('disk', 'no file can be made: the file system is out of inodes', remedy)]
  if (free < LEAST) return [fail('disk', text, remedy)]
  if (free < COMFORTABLE || free < databaseBytes)
    return [warn('disk', `${text}; an upgrade needs ${gigabytes(databaseBytes)} for its copy of the database`, remedy)]
  return [ok('disk', text)]
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
