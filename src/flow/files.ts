import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { ReadFile } from '../compose/attachments.ts'
import { locate } from '../folders.ts'

/**
 * Reads files that go along with messages, only in folders that are allowed. Throws with the reason and the remedy for
 * one that may not or cannot be read, or is larger than asked for.
 */
export function createFileReader(allowed: readonly string[], denied: readonly string[]): ReadFile {
  return async (path, most) => {
    const found = await locate(path, allowed, denied)
    if (found === 'own') throw new Error(`${path} belongs to Tocsin itself and is never sent.`)
    if (found === 'outside')
      throw new Error(`${path} is not in a folder of which files may be sent. Add its folder to attachments.paths.`)
    if (found === 'missing') throw new Error(`${path} does not exist, or cannot be read.`)
    // Neither a link put there meanwhile is followed, nor is a pipe waited for.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    const file = await open(found.real, flags)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new Error(`${path} is no file.`)
      if (stat.size > most) throw new Error(`${path} is larger than what may go along (${stat.size} of ${most} bytes).`)
      const content = new Uint8Array(stat.size)
      const { bytesRead } = await file.read(content, 0, stat.size, 0)
      return content.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }
}
