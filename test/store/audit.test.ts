import { expect, test } from 'bun:test'
import { auditQueries } from '../../src/store/audit.ts'
import { tempDatabase } from '../support/temp-database.ts'

test('entries are listed newest first, by project and thing, in pages', async () => {
  using database = tempDatabase()
  const audit = auditQueries(database)
  for (const entityId of ['chn_1', 'chn_2', 'chn_1'])
    await audit.record({ project: 'default', actor: 'ann', action: 'update', entity: 'channel', entityId })
  await audit.record({ project: 'other', actor: 'guest', action: 'remove', entity: 'rule', entityId: 'rul_1' })

  const first = await audit.list({ project: 'default', limit: 2 })
  expect(first.map(({ entityId }) => entityId)).toEqual(['chn_1', 'chn_2'])
  const second = await audit.list({ project: 'default', limit: 2, after: first[1]!.id })
  expect(second.map(({ entityId }) => entityId)).toEqual(['chn_1'])
  expect(await audit.list({ entityId: 'chn_1', limit: 10 })).toHaveLength(2)
  expect((await audit.list({ limit: 10 }))[0]).toMatchObject({ actor: 'guest', action: 'remove', detail: null })
})
