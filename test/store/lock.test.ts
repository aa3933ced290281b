import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { announce, holderOf, lockDataDirectory } from '../../src/store/lock.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-lock-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Another process that takes the lock and keeps it until it is ended. */
async function holder() {
  const script = `
    const { lockDataDirectory } = await import(${JSON.stringify(join(import.meta.dir, '../../src/store/lock.ts'))})
    lockDataDirectory(${JSON.stringify(directory)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

describe('lockDataDirectory', () => {
  test('a second owner is refused and told who holds it', async () => {
    const child = await holder()
    try {
      expect(() => lockDataDirectory(directory)).toThrow(
        `The data directory ${directory} is in use by process ${child.pid} on ${hostname()} since 2`,
      )
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  test('a lock ends with its process, even when that is killed', async () => {
    const child = await holder()
    child.kill('SIGKILL')
    await once(child, 'exit')
    lockDataDirectory(directory)()
  })

  test('within one process too, and it can be released', () => {
    const release = lockDataDirectory(directory)
    expect(() => lockDataDirectory(directory)).toThrow(`is in use by process ${process.pid}`)
    release()
    lockDataDirectory(directory)()
  })
})

describe('the holder', () => {
  test('is told with its address once it listens, and is nobody when the directory is free', () => {
    expect(holderOf(directory)).toBeNull()
    const release = lockDataDirectory(directory)
    expect(holderOf(directory)).toMatchObject({ pid: process.pid, host: hostname(), url: null })
    announce(directory, 'http://127.0.0.1:8686')
    expect(holderOf(directory)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:8686' })
    expect(() => lockDataDirectory(directory)).toThrow('listening on http://127.0.0.1:8686. Stop that one first')
    release()
    expect(holderOf(directory)).toBeNull()
  })

  test('is unknown when it does not say who it is', () => {
    const release = lockDataDirectory(directory)
    rmSync(join(directory, 'lock.json'))
    expect(holderOf(directory)).toBe('unknown')
    expect(() => lockDataDirectory(directory)).toThrow('is in use by another process')
    release()
  })
})
