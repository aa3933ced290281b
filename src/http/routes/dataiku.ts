import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import { type ApiEnv, IMPORT_LIMIT, readJson } from '../request.ts'

/** Channels and reporters in bulk: `/import/dataiku`. */
export function dataikuImportRoutes({ dataiku }: Pick<Manage, 'dataiku'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post('/dataiku', async (context) =>
    context.json(await dataiku.import(context.get('caller'), await readJson(context, IMPORT_LIMIT))),
  )
}

/** And reporters back: `/export/dataiku`. Those who may only read are shown no addresses. */
export function dataikuExportRoutes({ dataiku }: Pick<Manage, 'dataiku'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/dataiku', async (context) =>
    context.json(await dataiku.export(context.get('caller').project, context.get('holder').role !== 'viewer')),
  )
}
