import { expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { changeMasterKey, unlockSecrets } from '../../src/manage/keys.ts'
import { loadMasterKey, writeMasterKey } from '../../src/secrets.ts'
import { keyQueries } from '../../src/store/keys.ts'
import { type TempDatabase, tempDatabase } from '../support/temp-database.ts'

function sourcesOf({ folder }: TempDatabase) {
  return { masterKeyFile: null, credentialsDirectory: null, dataDir: join(folder, 'data') }
}

test('what was sealed opens after a restart with the same key', async () => {
  using database = tempDatabase()
  const keys = keyQueries(database)
  const first = await unlockSecrets(keys, sourcesOf(database), database.clock)
  const sealed = first.seal('hunter2', 'channels|chn_1')
  const second = await unlockSecrets(keys, sourcesOf(database), database.clock)
  expect(second.open(sealed, 'channels|chn_1')).toBe('hunter2')
  expect(await keys.list()).toHaveLength(1)
})

test('a lost key and a wrong key are refused, and the right one works again', async () => {
  using database = tempDatabase()
  const keys = keyQueries(database)
  const sources = sourcesOf(database)
  const file = `${sources.dataDir}.key`
  await unlockSecrets(keys, sources, database.clock)
  const kept = await Bun.file(file).text()
  rmSync(file)
  await expect(unlockSecrets(keys, sources, database.clock)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('is missing'),
  })
  writeMasterKey(file)
  await expect(unlockSecrets(keys, sources, database.clock)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('not the one this data directory was sealed with'),
  })
  writeFileSync(file, kept)
  await unlockSecrets(keys, sources, database.clock)
})

test('another master key takes over without sealing anything anew', async () => {
  using database = tempDatabase()
  const keys = keyQueries(database)
  const sources = sourcesOf(database)
  const sealed = (await unlockSecrets(keys, sources, database.clock)).seal('hunter2', 'x')
  const masterKeyFile = join(database.folder, 'new.key')
  writeMasterKey(masterKeyFile)
  const [old, fresh] = [loadMasterKey(sources, true), loadMasterKey({ ...sources, masterKeyFile }, true)]
  await expect(changeMasterKey(keys, fresh, old)).rejects.toThrow('not the one')
  await changeMasterKey(keys, old, fresh)
  await expect(unlockSecrets(keys, sources, database.clock)).rejects.toThrow('not the one')
  const secrets = await unlockSecrets(keys, { ...sources, masterKeyFile }, database.clock)
  expect(secrets.open(sealed, 'x')).toBe('hunter2')
})
