import { Hono } from 'hono'
import type * as v from 'valibot'
import { channels } from '../../channels/index.ts'
import { connectionKinds } from '../../connections/index.ts'
import { fieldsOf } from '../../model/settings.ts'
import type { ApiEnv } from '../request.ts'

interface Kind {
  kind: string
  label: string
  documentation: string
  settings: v.GenericSchema
}

/** What can be connected to and sent through, with the settings each takes: `/kinds`. */
export function kindRoutes(): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/', async (context) => {
    // Loaded when first asked for, as what describes the API is: a daemon that nobody asks goes without.
    const { toJsonSchema } = await import('@valibot/to-json-schema')
    const describe = ({ kind, label, documentation, settings }: Kind) => {
      const schema = toJsonSchema(settings, { errorMode: 'ignore', typeMode: 'input' })
      return { kind, label, documentation, fields: fieldsOf(settings), settings: schema }
    }
    return context.json({
      connections: Object.values(connectionKinds).map(describe),
      channels: Object.values(channels).map(describe),
    })
  })
}
