import { AppError } from '../errors.ts'
import { newId } from '../ids.ts'
import { isObject } from '../model/json.ts'
import type { Rule, RuleDefinition } from '../model/rule.ts'
import { faulty } from '../model/validate.ts'
import type { RuleFilter } from '../store/rules.ts'
import { type Caller, editable, type ManageContext, notFound, showing } from './context.ts'
import { type PrepareOptions, prepareRule } from './rule-prepare.ts'
import { READ_ONLY, type RuleView, viewOf } from './rule-view.ts'
import { firstDue } from './schedule.ts'

/** What only an import may set. */
export interface ImportOptions extends PrepareOptions {
  createdBy?: string
  /** The VIANOPS index it had; taken if it is free. */
  index?: number
}

export type RuleManager = ReturnType<typeof manageRules>

export function manageRules(context: ManageContext) {
  const { store, clock, onRulesChanged } = context
  const record = ({ project, actor }: Caller, action: string, { id, definition: { name } }: Rule) =>
    store.audit.record({ project, actor, action, entity: 'rule', entityId: id, detail: { name } })
  const view = (rule: Rule): RuleView => viewOf(context, rule)

  async function named(project: string, idOrName: string): Promise<Rule> {
    const rule = (await store.rules.byId(project, idOrName)) ?? (await store.rules.byName(project, idOrName))
    if (rule === undefined) throw notFound('rule', idOrName, await store.rules.names(project))
    return rule
  }

  async function setPaused(caller: Caller, idOrName: string, paused: boolean): Promise<RuleView> {
    const rule = await named(caller.project, idOrName)
    if (rule.definition.paused === paused) return view(rule)
    const definition = { ...rule.definition, paused }
    const nextDueAt = firstDue(context, definition, rule.blocked, rule.createdAt)
    const changes = { definition, nextDueAt, updatedAt: clock.now() }
    const changed = await store.rules.update(rule.id, rule.version, changes).catch((thrown: unknown) => {
      if (thrown instanceof AppError && thrown.code === 'conflict') return undefined
      throw thrown
    })
    // It was edited meanwhile: pausing must not undo that.
    if (changed === undefined) return setPaused(caller, rule.id, paused)
    await record(caller, paused ? 'pause' : 'resume', changed)
    onRulesChanged()
    return view(changed)
  }

  /** An edit is a new chance for receivers that proved that they took nothing more. */
  const reopen = ({ inline }: Rule) =>
    store.channels.reopen(Object.values(inline).map(({ destination }) => destination))

  return {
    /** The stored rule itself, for running it. Throws `not-found`, naming the nearest one. */
    named,

    list: async (filter: RuleFilter): Promise<{ rule: RuleView; index: number }[]> =>
      (await store.rules.list(filter)).map(({ rule, index }) => ({ rule: view(rule), index })),

    get: async (project: string, idOrName: string): Promise<RuleView> => view(await named(project, idOrName)),

    /** Throws `invalid` with all that is wrong, and `conflict` when the name is taken. */
    async create(caller: Caller, input: unknown, options: ImportOptions = {}): Promise<RuleView> {
      const id = newId('rul', clock.now())
      const createdAt = clock.now()
      const ready = await prepareRule(
        context,
        { id, project: caller.project, before: null },
        editable(input, READ_ONLY),
        options,
      )
      const rule = await store.rules.create({
        ...ready,
        id,
        project: caller.project,
        origin: options.origin ?? null,
        createdBy: options.createdBy ?? caller.actor,
        ...(options.index === undefined ? {} : { index: options.index }),
        createdAt,
        nextDueAt: firstDue(context, ready.definition, ready.blocked, createdAt),
      })
      await reopen(rule)
      await record(caller, 'create', rule)
      onRulesChanged()
      return view(rule)
    },

    /**
     * Replaces the definition. `version` is the one that was read (null: whatever is there); throws `conflict` with the
     * stored rule when it is an older one. Alerts are kept unless the edit changes what they are about.
     */
    async update(
      caller: Caller,
      idOrName: string,
      input: unknown,
      version: number | null,
      options: ImportOptions = {},
    ): Promise<RuleView> {
      const before = await named(caller.project, idOrName)
      refuseOwned(before)
      if (version !== null && version !== before.version) throw tooLate(version, before, view)
      const ready = await prepareRule(context, { ...before, before }, editable(input, READ_ONLY), options)
      const { definition, blocked } = ready
      const isSameTime =
        isEqual(timesOf(definition), timesOf(before.definition)) &&
        definition.paused === before.definition.paused &&
        blocked === before.blocked
      const changed = await store.rules
        .update(before.id, version, {
          ...ready,
          ...(isSameTime ? {} : { nextDueAt: firstDue(context, definition, blocked, before.createdAt) }),
          ...(options.origin === undefined ? {} : { origin: await originOf(context, options.origin, before) }),
          updatedAt: clock.now(),
          resetState: losesState(before.definition, definition),
        })
        .catch(showing(view))
      await reopen(changed)
      await record(caller, 'update', changed)
      onRulesChanged()
      return view(changed)
    },

    async remove(caller: Caller, idOrName: string): Promise<void> {
      const rule = await named(caller.project, idOrName)
      refuseOwned(rule)
      await store.rules.remove(rule.id)
      await record(caller, 'remove', rule)
    },

    pause: (caller: Caller, idOrName: string) => setPaused(caller, idOrName, true),
    resume: (caller: Caller, idOrName: string) => setPaused(caller, idOrName, false),

    /** A rule as it would be stored, for a trial; nothing is. Throws `invalid`. */
    async draft(caller: Caller, input: unknown, options: ImportOptions = {}): Promise<Rule> {
      const now = clock.now()
      const owner = { id: newId('rul', now), project: caller.project, before: null }
      const ready = await prepareRule(context, owner, editable(input, READ_ONLY), options)
      return {
        ...unstored,
        ...ready,
        id: owner.id,
        project: owner.project,
        createdBy: caller.actor,
        createdAt: now,
        updatedAt: now,
      }
    },
  }
}

/** A rule that stands for a notification is changed with the list it is in. Throws `conflict`. */
function refuseOwned({ notification }: Rule): void {
  if (notification === undefined) return
  const { kind, name } = notification.owner
  throw new AppError(
    'conflict',
    `The rule is one of the notifications of the ${kind} "${name}". Change that list: PUT …/${kind}s/{${kind === 'run' ? 'uid' : 'name'}}/notifications.`,
  )
}

/** The `version` an edit names, and the rest of it. Throws `invalid` when there is none. */
export function versionOf(input: unknown): number {
  const version = isObject(input) ? input['version'] : undefined
  if (typeof version === 'number' && Number.isSafeInteger(version)) return version
  throw faulty([{ path: 'version', message: 'is missing: it must be the version that was read' }])
}

/** Whether an edit makes the alerts there are be about something else. */
export function losesState(before: RuleDefinition, after: RuleDefinition): boolean {
  return !isEqual(subjectOf(before), subjectOf(after))
}

function subjectOf(definition: RuleDefinition) {
  if ('runs' in definition) return [definition.runs, definition.when, definition.expect]
  const { connection, query, condition, fingerprint } = definition
  return [connection, query, condition, fingerprint]
}

/** What says when a rule is due. */
function timesOf(definition: RuleDefinition) {
  return 'runs' in definition ? [definition.runs, definition.expect] : definition.schedule
}

const unstored = {
  version: 1,
  origin: null,
  nextDueAt: null,
  lastRunAt: null,
  lastSuccessAt: null,
  lastAlertAt: null,
} as const

async function originOf(
  { store }: ManageContext,
  origin: NonNullable<ImportOptions['origin']> | null,
  { id }: Rule,
): Promise<Rule['origin']> {
  return origin === null ? null : { ...origin, index: (await store.rules.indexOf(id)) ?? 0 }
}

function tooLate(version: number, current: Rule, view: (rule: Rule) => RuleView): AppError {
  return new AppError(
    'conflict',
    `The rule was changed meanwhile: you edited version ${version}, it is at ${current.version}. Read it again and repeat the change.`,
    [{ path: 'version', message: `must be ${current.version}` }],
    view(current),
  )
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
