import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { isChannelKind } from '../channels/index.ts'
import { AppError, messageOf } from '../errors.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { ConnectionRow } from '../store/connections.ts'
import type { ChannelManager } from './channels.ts'
import type { ConnectionManager } from './connections.ts'
import type { Caller, ManageContext } from './context.ts'
import type { RuleManager } from './rules.ts'
import { sampleRules } from './sample/rules.ts'
import { type Simulator, startSimulator } from './sample/simulator.ts'

export const sampleRequest = v.strictObject({
  /** A channel that there is, by name; without it one is made. */
  channel: v.optional(name),
})

/** What the sample consists of; null where there is none. */
export interface Sample {
  connection: string
  channel: string
  rules: { id: string; name: string }[]
}

export type SampleManager = ReturnType<typeof manageSample>

const CONNECTION = 'sample models'
const CHANNEL = 'sample inbox'

/** A database with figures that keep changing, and rules on it: for newcomers, who have none at hand. */
export function manageSample(
  context: ManageContext,
  managers: { connections: ConnectionManager; channels: ChannelManager; rules: RuleManager },
) {
  const { store, clock, sampleFolder } = context
  const { connections, channels, rules } = managers
  const file = join(sampleFolder, 'models.db')
  let simulator: Simulator | undefined

  function simulate() {
    try {
      mkdirSync(sampleFolder, { recursive: true, mode: 0o700 })
      simulator ??= startSimulator(file, clock)
    } catch (thrown) {
      throw new AppError(
        'unavailable',
        `The sample database cannot be made (${messageOf(thrown)}). Name a folder that can be written with --sample-dir.`,
      )
    }
  }

  function end() {
    simulator?.stop()
    simulator = undefined
  }

  /** The connections to it, of all projects. */
  const ours = async () =>
    (await store.connections.ofKind('sqlite')).filter(({ settings }) => settings['path'] === file)
  const ofProject = async (project: string) => (await ours()).find((row) => row.project === project)

  const rulesOf = async (project: string, { name: connection }: ConnectionRow) =>
    (await store.rules.list({ project, connection, limit: 500 })).map(({ rule }) => ({
      id: rule.id,
      name: rule.definition.name,
    }))

  async function get(project: string): Promise<Sample | null> {
    const row = await ofProject(project)
    if (row === undefined) return null
    return { connection: row.name, channel: CHANNEL, rules: await rulesOf(project, row) }
  }

  return {
    get,

    /** Makes the database, a connection, a channel unless one is named, and rules. Throws `conflict`, `unavailable`. */
    async create(caller: Caller, input: unknown): Promise<Sample> {
      const { channel = CHANNEL } = validate(sampleRequest, input)
      const before = await get(caller.project)
      if (before !== null) throw new AppError('conflict', 'The sample is there already.')
      if (channel !== CHANNEL) await channels.get(caller.project, channel)
      simulate()
      const undo: (() => Promise<unknown>)[] = []
      try {
        const settings = { path: file }
        const { id } = await connections.create(caller, { name: CONNECTION, kind: 'sqlite', settings })
        undo.push(() => connections.remove(caller, id, true))
        if (channel === CHANNEL) {
          const kind = isChannelKind('inbox') ? 'inbox' : 'console'
          const made = await channels.create(caller, { name: CHANNEL, kind })
          undo.push(() => channels.remove(caller, made.id, true))
        }
        const made: Sample = { connection: CONNECTION, channel, rules: [] }
        for (const rule of sampleRules(CONNECTION, channel)) {
          const { id, name } = await rules.create(caller, rule)
          undo.push(() => rules.remove(caller, id))
          made.rules.push({ id, name })
        }
        return made
      } catch (thrown) {
        for (const step of undo.reverse()) await step()
        if ((await ours()).length === 0) end()
        throw thrown
      }
    },

    /** Removes all of it, and whatever other rules use its database. Does nothing where there is none. */
    async remove(caller: Caller): Promise<void> {
      const row = await ofProject(caller.project)
      if (row === undefined) return
      for (const { id } of await rulesOf(caller.project, row)) await rules.remove(caller, id)
      const channel = await store.channels.byName(caller.project, CHANNEL)
      const isFree = channel !== undefined && (await store.channels.usedBy(caller.project, CHANNEL)).length === 0
      if (isFree) await channels.remove(caller, channel.id)
      await connections.remove(caller, row.id)
      if ((await ours()).length > 0) return
      end()
      rmSync(sampleFolder, { recursive: true, force: true })
    },

    /** Goes on changing the figures after a restart. */
    async start(): Promise<void> {
      if ((await ours()).length > 0) simulate()
    },

    stop: end,
  }
}
