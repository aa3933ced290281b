import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once, type Requirement } from './requirements.ts'

/** A file system of its own that can be made full. */
export interface SmallDisk extends Disposable {
  folder: string
  /** Takes all the room that is left, to 4 kB. */
  fill(): void
  makeRoom(): void
}

/** The permission to mount one. */
export const smallDisks: Requirement = {
  name: 'a small file system (tmpfs)',
  bring: 'run the tests as root on Linux, in a container with the capability SYS_ADMIN',
  present: () =>
    once('small disk', async () => {
      const disk = mount(1)
      disk?.[Symbol.dispose]()
      return disk !== null
    }),
}

/** Mounts one of so many MB. */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const disk = mount(megabytes)
  if (disk === null) throw new Error('No small file system can be mounted.')
  return disk
}

function mount(megabytes: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-disk-'))
  const ballast = join(folder, 'ballast')
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status === 0
  if (!mounted) {
    rmSync(folder, { recursive: true })
    return null
  }
  return {
    folder,
    fill() {
      for (let size = megabytes * 1024; size > 0; size -= 4)
        try {
          return writeFileSync(ballast, Buffer.alloc(size * 1024))
        } catch {
          rmSync(ballast, { force: true })
        }
    },
    makeRoom: () => rmSync(ballast),
    [Symbol.dispose]() {
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    },
  }
}
