import { chownSync, lstatSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Gives a file or folder that root has just made to the owner of the folder it lies in, so that a command of root's
 * beside a daemon of another account leaves nothing behind that the daemon cannot open.
 */
export function adopt(path: string): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = lstatSync(dirname(path))
  if (uid !== 0 && lstatSync(path).uid === 0) chownSync(path, uid, gid)
}
