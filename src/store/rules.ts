import { and, asc, desc, eq, gt, inArray, isNotNull, max, type SQL, sql } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { ownerKey } from '../model/mlrun.ts'
import type { InlineChannel, OwnedNotification, Rule, RuleDefinition } from '../model/rule.ts'
import type { StoreContext } from './context.ts'
import type { EvaluationPlaces } from './evaluation-places.ts'
import { keepRunRules, type RunRuleChanges } from './run-rules.ts'
import { alerts, routeStates, ruleClocks, rules } from './schema.ts'

type RuleRow = typeof rules.$inferSelect
type ClockRow = typeof ruleClocks.$inferSelect

/** A rule to be stored. */
export interface NewRule {
  id: string
  /** Taken if it is free; else, or without one, the store gives the next. */
  index?: number
  project: string
  definition: RuleDefinition
  inline: Record<string, InlineChannel>
  origin: { product: 'vianops' | 'dataiku'; object: JsonObject } | null
  notification?: OwnedNotification
  warnings: string[]
  blocked: string | null
  createdBy: string
  createdAt: number
  nextDueAt: number | null
}

/** What an edit changes; what is absent stays. */
export interface RuleChanges {
  definition?: RuleDefinition
  inline?: Record<string, InlineChannel>
  origin?: Rule['origin']
  warnings?: string[]
  blocked?: string | null
  nextDueAt?: number | null
  updatedAt: number
  /** Forgets its alerts and what was told of them. */
  resetState?: boolean
}

export interface RuleFilter {
  project: string
  /** Rules that have every one of these tags. */
  tags?: readonly string[]
  /** Part of the name. */
  search?: string
  connection?: string
  /** Index of the last rule of the page before. */
  after?: number
  limit: number
}

/** A rule whose time has come, claimed for one evaluation. */
export interface DueRule {
  id: string
  version: number
  project: string
  connection: string
  /** The schedule as JSON; null for a rule that looks at runs. */
  schedule: string | null
  createdAt: number
  lastSuccessAt: number | null
  scheduledAt: number
  /** The tick after this one, as it stands in the table now. */
  nextDueAt: number | null
}

export type RuleQueries = ReturnType<typeof ruleQueries>

export function ruleQueries(context: StoreContext, places: EvaluationPlaces) {
  const { orm, raw } = context.database
  const { writer } = context
  const joined = () => orm.select().from(rules).innerJoin(ruleClocks, eq(ruleClocks.ruleId, rules.id))
  const one = (where: SQL | undefined) => {
    const row = joined().where(where).get()
    return row === undefined ? undefined : toRule(row)
  }
  const dueStatement = raw.prepare<[number, number], Omit<DueRule, 'nextDueAt'>>(
    `SELECT r.id, r.version, r.project, r.connection, r.definition -> '$.schedule' AS schedule, r.created_at AS createdAt,
     c.last_success_at AS lastSuccessAt, c.next_due_at AS scheduledAt FROM rule_clocks c JOIN rules r ON r.id = c.rule_id
     WHERE c.next_due_at <= ? AND c.next_due_at IS NOT NULL AND c.claimed_tick IS NULL ORDER BY c.next_due_at LIMIT ?`,
  )
  const claimStatement = raw.prepare<[number | null, string, number]>(
    'UPDATE rule_clocks SET claimed_tick = next_due_at, next_due_at = ? WHERE rule_id = ? AND next_due_at = ? AND claimed_tick IS NULL',
  )
  const none = { count: 0, paused: 0 }
  const countsOf = raw.prepare<[string], typeof none>(
    `SELECT count(*) AS count, coalesce(sum(definition ->> '$.paused'), 0) AS paused FROM rules WHERE project = ?`,
  )
  const nextStatement = raw
    .prepare('SELECT min(next_due_at) FROM rule_clocks WHERE next_due_at IS NOT NULL AND claimed_tick IS NULL')
    .pluck()

  function change(id: string, expected: number | null, changes: RuleChanges): Rule {
    const current = one(eq(rules.id, id))
    if (current === undefined) throw new AppError('not-found', `There is no rule ${id}.`)
    if (expected !== null && current.version !== expected)
      throw new AppError(
        'conflict',
        `The rule was changed meanwhile: you edited version ${expected}, it is at ${current.version}. Read it again and repeat the change.`,
        [{ path: 'version', message: `must be ${current.version}` }],
        current,
      )
    const { nextDueAt, resetState, definition, ...rest } = changes
    orm
      .update(rules)
      .set({
        ...rest,
        ...(definition === undefined
          ? {}
          : { definition, name: definition.name, connection: connectionOf(definition) }),
        version: current.version + 1,
      })
      .where(eq(rules.id, id))
      .run()
    // A rule that is not to run gives up the tick it was claimed for, lest a restart makes it due again.
    if (nextDueAt !== undefined) {
      const clock = nextDueAt === null ? { nextDueAt, claimedTick: null } : { nextDueAt }
      orm.update(ruleClocks).set(clock).where(eq(ruleClocks.ruleId, id)).run()
    }
    if (resetState === true) {
      orm.delete(alerts).where(eq(alerts.ruleId, id)).run()
      orm.delete(routeStates).where(eq(routeStates.ruleId, id)).run()
      orm.update(ruleClocks).set({ previous: null }).where(eq(ruleClocks.ruleId, id)).run()
    }
    runRules.changed(id)
    return one(eq(rules.id, id)) as Rule
  }

  const onRuns = sql`coalesce(${rules.definition} -> '$.runs', ${rules.definition} -> '$.schedule.after') is not null`
  const runRules = keepRunRules({
    all: () => joined().where(onRuns).orderBy(asc(rules.externalIndex)).all().map(toRule),
    one: (id) => one(and(eq(rules.id, id), onRuns)),
  })

  function freeIndex(project: string, wanted: number | undefined): number {
    const inProject = eq(rules.project, project)
    if (wanted !== undefined && one(and(inProject, eq(rules.externalIndex, wanted))) === undefined) return wanted
    const highest = orm
      .select({ value: max(rules.externalIndex) })
      .from(rules)
      .where(inProject)
      .get()
    return (highest?.value ?? 0) + 1
  }

  function insert(rule: NewRule): Rule {
    const { nextDueAt, origin, index, ...row } = rule
    const { name } = rule.definition
    const inProject = eq(rules.project, rule.project)
    if (one(and(inProject, eq(rules.name, name))) !== undefined) throw nameTaken(name)
    const externalIndex = freeIndex(rule.project, index)
    orm
      .insert(rules)
      .values({
        ...row,
        name,
        connection: connectionOf(rule.definition),
        externalIndex,
        origin: origin === null ? null : { ...origin, index: externalIndex },
        owner: rule.notification === undefined ? null : ownerKey(rule.notification.owner),
        updatedAt: rule.createdAt,
      })
      .run()
    orm.insert(ruleClocks).values({ ruleId: rule.id, nextDueAt }).run()
    runRules.changed(rule.id)
    return one(eq(rules.id, rule.id)) as Rule
  }

  function remove(id: string): void {
    places.removeOf(id)
    orm.delete(rules).where(eq(rules.id, id)).run()
    runRules.changed(id)
  }

  function removeOwned(project: string, owner: string): string[] {
    const secret = sql<string | null>`${rules.notification} ->> '$.secret_params.secret'`
    const owned = orm
      .select({ id: rules.id, secret })
      .from(rules)
      .where(and(eq(rules.project, project), eq(rules.owner, owner)))
      .all()
    for (const { id } of owned) remove(id)
    return owned.flatMap((one) => one.secret ?? [])
  }

  return {
    /** Throws `conflict` when the name is taken. */
    create: (rule: NewRule): Promise<Rule> => writer.write(() => insert(rule)),

    /**
     * Takes away the rules of a list of notifications and puts others in their place, with what `also` does in the same
     * transaction, given the secrets that those before referred to. Throws `conflict` when a name is taken.
     */
    replaceOwned: (
      project: string,
      owner: string,
      all: readonly NewRule[],
      also: (secrets: readonly string[]) => void,
    ): Promise<Rule[]> =>
      writer.write(() => {
        // An empty list counts as well: it takes the place of the schedule's.
        runRules.rise()
        const secrets = removeOwned(project, owner)
        const made = all.map(insert)
        also(secrets)
        return made
      }),

    /**
     * Takes away the rules of a list of notifications, within the transaction that is under way. Answers the secrets that
     * they referred to.
     */
    removeOwned,

    /** The rules of a list of notifications, in its order. */
    owned: async (project: string, owner: string): Promise<Rule[]> =>
      joined()
        .where(and(eq(rules.project, project), eq(rules.owner, owner)))
        .orderBy(asc(rules.externalIndex))
        .all()
        .map(toRule),

    /** Throws `conflict`, with the stored rule, when it is no longer at `expectedVersion`; null edits whatever is there. */
    update: (id: string, expectedVersion: number | null, changes: RuleChanges): Promise<Rule> =>
      writer.write(() => {
        const name = changes.definition?.name
        const current = one(eq(rules.id, id))
        if (name !== undefined && current !== undefined && name !== current.definition.name)
          if (one(and(eq(rules.project, current.project), eq(rules.name, name))) !== undefined) throw nameTaken(name)
        return change(id, expectedVersion, changes)
      }),

    remove: (id: string): Promise<void> => writer.write(() => remove(id)),

    /** Rises whenever a rule is made, changed or removed. */
    revision: runRules.revision,

    /** The rules of every project that look at runs, or run after them. */
    onRuns: async (): Promise<readonly Rule[]> => runRules.all(),

    /** The same as far as they changed since a revision; -1 asks for all. */
    onRunsSince: async (revision: number): Promise<RunRuleChanges> => runRules.since(revision),

    get: async (id: string): Promise<Rule | undefined> => one(eq(rules.id, id)),
    byId: async (project: string, id: string) => one(and(eq(rules.project, project), eq(rules.id, id))),
    byName: async (project: string, name: string) => one(and(eq(rules.project, project), eq(rules.name, name))),
    byIndex: async (project: string, index: number) =>
      one(and(eq(rules.project, project), eq(rules.externalIndex, index))),
    /** The index by which VIANOPS clients name the rule. */
    indexOf: async (id: string): Promise<number | undefined> =>
      orm.select({ index: rules.externalIndex }).from(rules).where(eq(rules.id, id)).get()?.index,
    /** Oldest first, with each rule's index as the cursor. */
    list: async (filter: RuleFilter): Promise<{ rule: Rule; index: number }[]> =>
      joined()
        .where(
          and(
            eq(rules.project, filter.project),
            gt(rules.externalIndex, filter.after ?? 0),
            filter.connection === undefined ? undefined : eq(rules.connection, filter.connection),
            filter.search === undefined ? undefined : sql`instr(lower(${rules.name}), lower(${filter.search})) > 0`,
            ...(filter.tags ?? []).map(
              (tag) => sql`exists (select 1 from json_each(${rules.definition}, '$.tags') where value = ${tag})`,
            ),
          ),
        )
        .orderBy(asc(rules.externalIndex))
        .limit(filter.limit)
        .all()
        .map((row) => ({ rule: toRule(row), index: row.rules.externalIndex })),

    /** Names near which a misspelt one may lie. */
    names: async (project: string): Promise<string[]> =>
      orm
        .select({ name: rules.name })
        .from(rules)
        .where(eq(rules.project, project))
        .orderBy(desc(rules.updatedAt))
        .limit(500)
        .all()
        .map((row) => row.name),

    /** How many a project has, and how many of them are paused. */
    counts: async (project: string): Promise<{ count: number; paused: number }> => countsOf.get(project) ?? none,

    /** Those that cannot run, by name. */
    blocked: async (project: string, limit: number): Promise<Rule[]> =>
      joined()
        .where(and(eq(rules.project, project), isNotNull(rules.blocked)))
        .orderBy(asc(rules.name))
        .limit(limit)
        .all()
        .map(toRule),

    count: async (): Promise<number> => raw.prepare('SELECT count(*) FROM rules').pluck().get() as number,

    /** The earliest tick that nobody has claimed; null when there is none. */
    nextDue: async (): Promise<number | null> => (nextStatement.get() as number | null) ?? null,

    /**
     * Claims rules due by `now`, the longest waiting first, and sets each one's next tick to what `nextTick` answers
     * (null: none). A claimed rule is not due again until its evaluation is committed or the daemon starts anew.
     */
    claimDue: (
      now: number,
      limit: number,
      nextTick: (rule: Omit<DueRule, 'nextDueAt'>) => number | null,
    ): Promise<DueRule[]> =>
      writer.write(() =>
        dueStatement.all(now, limit).flatMap((due) => {
          const nextDueAt = nextTick(due)
          return claimStatement.run(nextDueAt, due.id, due.scheduledAt).changes === 1 ? [{ ...due, nextDueAt }] : []
        }),
      ),

    /** Gives a claimed tick back, so that it is due again: its evaluation was cut short. */
    unclaim: (ids?: readonly string[]): Promise<number> =>
      writer.write(
        () =>
          orm
            .update(ruleClocks)
            .set({ nextDueAt: sql`min(claimed_tick, coalesce(next_due_at, claimed_tick))`, claimedTick: null })
            .where(
              ids === undefined
                ? sql`claimed_tick is not null`
                : and(inArray(ruleClocks.ruleId, [...ids]), sql`claimed_tick is not null`),
            )
            .run().changes,
      ),
  }
}

/** The connection a rule names; empty for one on runs. */
function connectionOf(definition: RuleDefinition): string {
  return 'query' in definition ? definition.connection : ''
}

function nameTaken(name: string): AppError {
  return new AppError('conflict', `There is a rule named "${name}" already. Choose another name or edit that one.`, [
    { path: 'name', message: 'is taken by another rule of this project' },
  ])
}

function toRule(row: { rules: RuleRow; rule_clocks: ClockRow }): Rule {
  const { rules: rule, rule_clocks: clock } = row
  return {
    id: rule.id,
    project: rule.project,
    definition: rule.definition,
    version: rule.version,
    inline: rule.inline,
    origin: rule.origin,
    ...(rule.notification === null ? {} : { notification: rule.notification }),
    warnings: rule.warnings,
    blocked: rule.blocked,
    createdBy: rule.createdBy,
    createdAt: rule.createdAt,
    updatedAt: rule.updatedAt,
    nextDueAt: clock.nextDueAt,
    lastRunAt: clock.lastRunAt,
    lastSuccessAt: clock.lastSuccessAt,
    lastAlertAt: clock.lastAlertAt,
  }
}
