import { invalid } from '../errors.ts'
import { readMlrunNotifications } from '../importers/mlrun/notification.ts'
import { parseJson } from '../language/expression/json.ts'
import type { Value } from '../language/expression/value.ts'
import { type MlrunNotification, type MlrunOwner, ownerKey } from '../model/mlrun.ts'
import type { Rule } from '../model/rule.ts'
import { faulty } from '../model/validate.ts'
import { type Caller, findRun, type ManageContext } from './context.ts'
import { knownNotification, restoreParams } from './mlrun-params.ts'
import { prepareNotification, type ReadyNotification } from './mlrun-prepare.ts'
import { type ShownNotification, shownNotification } from './mlrun-status.ts'

/** A body as it came: what it holds, and its text, in which numbers still are as they were written. */
export interface NotificationsBody {
  json: unknown
  text: string
}

/** A list as it would be stored. */
export interface PlannedNotifications {
  notifications: MlrunNotification[]
  warnings: string[]
}

export interface SetNotifications {
  notifications: ShownNotification[]
  warnings: string[]
}

export type MlrunManager = ReturnType<typeof manageMlrun>

/** Lists of MLRun notifications of runs and of schedules; each notification becomes a rule of its own. */
export function manageMlrun(context: ManageContext) {
  const { store, clock, onRulesChanged } = context

  function show(rules: readonly Rule[], { kind, name }: MlrunOwner): Promise<ShownNotification[]> {
    return Promise.all(rules.map((rule) => shownNotification(store, rule, kind === 'run' ? name : null)))
  }

  /** The rules of the list that holds for its owner: its own, or for a run that has none its schedule's. */
  async function applying(project: string, owner: MlrunOwner): Promise<Rule[]> {
    const isOwn = owner.kind === 'schedule' || (await store.notificationLists.isSet(project, ownerKey(owner)))
    if (isOwn) return store.notificationLists.rules(project, ownerKey(owner))
    const name = await scheduleOf(project, owner.name)
    return name === '' ? [] : store.notificationLists.rules(project, ownerKey({ kind: 'schedule', name }))
  }

  async function checkOwner(project: string, { kind, name }: MlrunOwner): Promise<void> {
    if (kind === 'schedule') {
      if (name === '' || name.length > 300 || /[*?]/.test(name))
        throw invalid('schedule', 'must be the name of one schedule, of at most 300 characters and without * and ?')
      return
    }
    await findRun(store, project, name)
  }

  return {
    /** Throws `not-found` for a run that nobody told of. A schedule may be told of later. */
    async list(project: string, owner: MlrunOwner): Promise<ShownNotification[]> {
      await checkOwner(project, owner)
      return show(await applying(project, owner), owner)
    },

    /** What a list would become, without storing it. Throws as `replace` does. */
    async plan(caller: Caller, owner: MlrunOwner, body: NotificationsBody): Promise<PlannedNotifications> {
      const ready = await prepare(caller, owner, body)
      const notifications = ready.flatMap(({ rule: { notification } }) => {
        if (notification === undefined) return []
        const { owner: _, sealed: __, ...kept } = notification
        return [kept]
      })
      return { notifications, warnings: warningsOf(ready) }
    },

    /** Puts a list in the place of what there was. Throws `invalid` with all faults, and then nothing is changed. */
    async replace(caller: Caller, owner: MlrunOwner, body: NotificationsBody): Promise<SetNotifications> {
      const { project, actor } = caller
      const ready = await prepare(caller, owner, body)
      await store.notificationLists.replace({
        project,
        owner: ownerKey(owner),
        rules: ready.map(({ rule }) => rule),
        secrets: ready.flatMap(({ secret }) => (secret === null ? [] : [secret])),
        at: clock.now(),
      })
      const entityId = ownerKey(owner)
      const detail = { count: ready.length }
      await store.audit.record({ project, actor, action: 'replace', entity: 'notifications', entityId, detail })
      onRulesChanged()
      return { notifications: await show(await applying(project, owner), owner), warnings: warningsOf(ready) }
    },
  }

  /** Reads and checks a list. Throws `invalid` with all faults. */
  async function prepare(
    caller: Caller,
    owner: MlrunOwner,
    { json, text }: NotificationsBody,
  ): Promise<ReadyNotification[]> {
    await checkOwner(caller.project, owner)
    const { notifications } = (typeof json === 'object' && json !== null ? json : {}) as { notifications?: unknown }
    const rules = await applying(caller.project, owner)
    const known = rules.flatMap((rule) => knownNotification(context.secrets, rule) ?? [])
    const { items, issues } = readMlrunNotifications(notifications, null, (given) =>
      restoreParams(
        given,
        known.find(({ notification: { name } }) => name === given.name),
      ),
    )
    if (issues.length > 0) throw faulty(issues)
    const exact = member(parseJson(text), 'notifications')
    const now = clock.now()
    return items.map((item, index) => {
      const params = member(element(exact, index), 'secret_params')
      return prepareNotification(context, { caller, owner, now }, item, params, `notifications.${index}`)
    })
  }

  async function scheduleOf(project: string, uid: string): Promise<string> {
    const row = await store.runs.get(project, uid)
    const schedule = row?.record.fields.schedule?.[0]
    return typeof schedule === 'string' ? schedule : ''
  }
}

function warningsOf(ready: readonly ReadyNotification[]): string[] {
  return ready.flatMap(({ rule }, index) => rule.warnings.map((warning) => `notifications.${index}.${warning}`))
}

function member(value: Value | undefined, key: string): Value | undefined {
  if (typeof value !== 'object' || value === null || value.kind !== 'dict') return undefined
  return [...value.entries.values()].find(([name]) => name === key)?.[1]
}

function element(value: Value | undefined, index: number): Value | undefined {
  return typeof value === 'object' && value !== null && value.kind === 'list' ? value.items[index] : undefined
}
