import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDataDirectory } from '../../src/store/lock.ts'
import { runCommand } from '../support/command.ts'

let folder: string
let directory: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-token-'))
  directory = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const token = (...argv: string[]) => runCommand(['token', ...argv, '--data-dir', directory])
const create = (name: string, role = 'admin') => token('create', '--name', name, '--role', role)

describe('token', () => {
  test('create works before anything was started and prints the token alone as the last line', async () => {
    const { code, out } = await create('robot')
    expect(code).toBe(0)
    expect(out).toMatch(/^tcs_[a-z2-7]{52}$/)
  })

  test('create works while a daemon owns the directory', async () => {
    await create('first')
    const release = lockDataDirectory(directory)
    expect(await create('second')).toMatchObject({ code: 0 })
    release()
  })

  test('the directory can be named by the environment', async () => {
    const made = await runCommand(['token', 'create', '--name', 'a', '--role', 'viewer'], {
      TOCSIN_DATA_DIR: directory,
    })
    expect(made.code).toBe(0)
    expect((await token('list')).out).toContain('viewer')
  })

  test('list shows names and roles and never a token; revoke ends one', async () => {
    const { out: secret } = await create('robot', 'editor')
    const listed = JSON.parse((await token('list', '--json')).out)
    expect(listed).toEqual([expect.objectContaining({ name: 'robot', role: 'editor', revokedAt: null })])
    expect(JSON.stringify(listed)).not.toContain(secret)
    expect(await token('revoke', 'robot')).toMatchObject({ code: 0, out: 'revoked: robot' })
    expect((await token('list')).out).toEndWith('revoked')
  })

  const refused: [name: string, argv: string[], code: number, text: string][] = [
    [
      'a role that does not exist',
      ['create', '--name', 'x', '--role', 'king'],
      1,
      'must be one of admin, editor, viewer',
    ],
    ['no name', ['create', '--role', 'admin'], 2, "required option '--name <name>' not specified"],
    ['an empty name', ['create', '--name', '', '--role', 'admin'], 1, 'name'],
    ['revoking what is not there', ['revoke', 'nobody'], 1, 'There is no token "nobody" that still works.'],
  ]
  for (const [name, argv, code, text] of refused)
    test(`refuses ${name}`, async () => {
      const result = await token(...argv)
      expect(result.code).toBe(code)
      expect(result.err).toContain(text)
    })

  test('refuses a name that is taken', async () => {
    await create('robot')
    expect(await create('robot')).toMatchObject({ code: 1, err: expect.stringContaining('Choose another name') })
  })
})
