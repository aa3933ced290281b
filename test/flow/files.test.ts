import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileReader } from '../../src/flow/files.ts'

const root = mkdtempSync(join(tmpdir(), 'tocsin-files-'))
const open = join(root, 'open')
const own = join(open, 'data')
for (const folder of [open, own, join(root, 'open-too')]) mkdirSync(folder)
writeFileSync(join(open, 'report.txt'), 'a report')
writeFileSync(join(own, 'tocsin.db'), 'secrets')
writeFileSync(join(root, 'shadow'), 'root:x')
writeFileSync(join(root, 'open-too', 'x'), 'x')
symlinkSync(join(root, 'shadow'), join(open, 'link'))
symlinkSync(join(open, 'report.txt'), join(open, 'inner-link'))
execFileSync('mkfifo', [join(open, 'pipe')])
const read = createFileReader([open], [own])
const messageFor = async (path: string, most = 1000) => {
  try {
    return Buffer.from(await read(path, most)).toString()
  } catch (thrown) {
    return (thrown as Error).message.replaceAll(root, '')
  }
}

afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a file that goes along', () => {
  test.each([
    ['in the folder', 'open/report.txt', 'a report'],
    ['by a link that stays inside', 'open/inner-link', 'a report'],
    ['by a roundabout path', 'open/data/../report.txt', 'a report'],
    [
      'by a link that leads out',
      'open/link',
      '/open/link is not in a folder of which files may be sent. Add its folder to attachments.paths.',
    ],
    [
      'outside',
      'shadow',
      '/shadow is not in a folder of which files may be sent. Add its folder to attachments.paths.',
    ],
    [
      'in a folder whose name only begins so',
      'open-too/x',
      '/open-too/x is not in a folder of which files may be sent. Add its folder to attachments.paths.',
    ],
    [
      'by dots',
      'open/../shadow',
      '/open/../shadow is not in a folder of which files may be sent. Add its folder to attachments.paths.',
    ],
    ['that is missing', 'open/gone', '/open/gone does not exist, or cannot be read.'],
    ['of our own', 'open/data/tocsin.db', '/open/data/tocsin.db belongs to Tocsin itself and is never sent.'],
    ['that is a folder', 'open', '/open is no file.'],
    ['that is a pipe', 'open/pipe', '/open/pipe is no file.'],
  ])('%s', async (_name, path, expected) => {
    expect(await messageFor(`${root}/${path}`)).toBe(expected)
  })

  test('is not read when it is too large', async () => {
    expect(await messageFor(join(open, 'report.txt'), 7)).toBe(
      '/open/report.txt is larger than what may go along (8 of 7 bytes).',
    )
  })

  test('is nowhere when no folder is allowed', async () => {
    await expect(createFileReader([], [])(join(open, 'report.txt'), 10)).rejects.toThrow('attachments.paths')
  })
})
