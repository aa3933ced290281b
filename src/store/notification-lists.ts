import { and, asc, desc, eq, sql } from 'drizzle-orm'
import type { DeliveryState } from '../model/delivery.ts'
import type { Verdict } from '../model/evaluation.ts'
import { INTERNAL_SECRETS } from '../model/mlrun.ts'
import type { Reason } from '../model/reason.ts'
import type { Rule } from '../model/rule.ts'
import type { RunState } from '../model/run.ts'
import type { StoreContext } from './context.ts'
import type { NewRule, RuleQueries } from './rules.ts'
import { deliveries, notificationLists, projectSecrets, runReports, runs } from './schema.ts'

export interface SealedSecret {
  name: string
  sealed: string
}

/** A list of notifications to be stored, with the secrets it conceals. */
export interface NewList {
  project: string
  owner: string
  rules: NewRule[]
  secrets: SealedSecret[]
  /** ms since 1970. */
  at: number
}

/** What became of a notification for a state of a run. */
export interface NotificationReport {
  uid: string
  state: RunState
  attempt: number
  verdict: Verdict
  /** ms since 1970. */
  at: number
  evaluationId: string | null
}

/** What became of a message. */
export interface NotificationDelivery {
  id: string
  evaluationId: string | null
  state: DeliveryState
  reason: Reason | null
  finishedAt: number | null
  response: string | null
}

export type NotificationListQueries = ReturnType<typeof notificationListQueries>

/** Lists of notifications, each notification a rule, and the secrets of projects that they refer to. */
export function notificationListQueries(
  { database: { orm, raw }, writer }: StoreContext,
  rules: Pick<RuleQueries, 'replaceOwned' | 'removeOwned' | 'owned'>,
) {
  const inList = (project: string, owner: string) =>
    and(eq(notificationLists.project, project), eq(notificationLists.owner, owner))
  const named = (project: string, name: string) =>
    and(eq(projectSecrets.project, project), eq(projectSecrets.name, name))
  const known = raw
    .prepare<[string, string], number>('SELECT 1 FROM notification_lists WHERE project = ? AND owner = ?')
    .pluck()
  const referring = raw
    .prepare<[string, string], string>(
      `SELECT owner FROM rules INDEXED BY rules_secret WHERE project = ? AND owner IS NOT NULL
       AND (notification ->> '$.secret_params.secret') = ? ORDER BY owner LIMIT 10`,
    )
    .pluck()
  // `+` takes the column's affinity away, with which the index could not serve.
  const removeUnused = raw.prepare<[string, string]>(
    `DELETE FROM project_secrets AS s WHERE project = ? AND name = ? AND NOT EXISTS (
       SELECT 1 FROM rules INDEXED BY rules_secret WHERE project = s.project AND owner IS NOT NULL
       AND (notification ->> '$.secret_params.secret') = +s.name)`,
  )
  const lastAnswer = raw
    .prepare<[string], string | null>(
      `SELECT response FROM attempts WHERE delivery = (SELECT seq FROM deliveries WHERE id = ?) ORDER BY number DESC LIMIT 1`,
    )
    .pluck()

  function putSecret(project: string, { name, sealed }: SealedSecret, updatedAt: number): void {
    orm
      .insert(projectSecrets)
      .values({ project, name, sealed, updatedAt })
      .onConflictDoUpdate({ target: [projectSecrets.project, projectSecrets.name], set: { sealed, updatedAt } })
      .run()
  }

  /** Removes those that notifications concealed theirs under and that nobody refers to any more. */
  function dropUnused(project: string, names: readonly string[]): void {
    for (const name of names) if (name.startsWith(INTERNAL_SECRETS)) removeUnused.run(project, name)
  }

  return {
    /** Puts a list in the place of what there was; concealed secrets that nobody refers to any more go with it. */
    replace: ({ project, owner, rules: all, secrets, at }: NewList): Promise<Rule[]> =>
      rules.replaceOwned(project, owner, all, (former) => {
        orm
          .insert(notificationLists)
          .values({ project, owner, setAt: at })
          .onConflictDoUpdate({ target: [notificationLists.project, notificationLists.owner], set: { setAt: at } })
          .run()
        for (const secret of secrets) putSecret(project, secret, at)
        dropUnused(project, former)
      }),

    /** Forgets a list, within the transaction that is under way. */
    forget(project: string, owner: string): void {
      if (known.get(project, owner) === undefined) return
      dropUnused(project, rules.removeOwned(project, owner))
      orm.delete(notificationLists).where(inList(project, owner)).run()
    },

    /** Whether a list was set, be it an empty one. */
    isSet: async (project: string, owner: string): Promise<boolean> => known.get(project, owner) !== undefined,

    rules: rules.owned,

    /** What became of a notification, newest first; of one run where one is named. */
    reports: async (ruleId: string, uid: string | null, limit: number): Promise<NotificationReport[]> =>
      orm
        .select({
          uid: runs.uid,
          state: runReports.state,
          attempt: runReports.attempt,
          verdict: runReports.verdict,
          at: runReports.at,
          evaluationId: runReports.evaluationId,
        })
        .from(runReports)
        .innerJoin(runs, eq(runs.seq, runReports.run))
        .where(and(eq(runReports.ruleId, ruleId), uid === null ? undefined : eq(runs.uid, uid)))
        .orderBy(desc(runReports.at), desc(runReports.run))
        .limit(limit)
        .all(),

    /** The messages of a rule's decisions. */
    deliveries: async (ruleId: string, evaluationIds: readonly string[]): Promise<NotificationDelivery[]> =>
      orm
        .select({
          id: deliveries.id,
          evaluationId: deliveries.evaluationId,
          state: deliveries.state,
          reason: deliveries.reason,
          finishedAt: deliveries.finishedAt,
        })
        .from(deliveries)
        .where(and(eq(deliveries.ruleId, ruleId), sql`${deliveries.evaluationId} in ${evaluationIds}`))
        .all()
        .map((row) => ({ ...row, response: lastAnswer.get(row.id) ?? null })),

    putSecrets: (project: string, secrets: readonly SealedSecret[], at: number): Promise<void> =>
      writer.write(() => {
        for (const secret of secrets) putSecret(project, secret, at)
      }),

    removeSecret: (project: string, name: string): Promise<void> =>
      writer.write(() => {
        orm.delete(projectSecrets).where(named(project, name)).run()
      }),

    secretNames: async (project: string): Promise<string[]> =>
      orm
        .select({ name: projectSecrets.name })
        .from(projectSecrets)
        .where(eq(projectSecrets.project, project))
        .orderBy(asc(projectSecrets.name))
        .all()
        .map(({ name }) => name),

    /** A secret as it was sealed. */
    sealedSecret: async (project: string, name: string): Promise<string | undefined> =>
      orm.select({ sealed: projectSecrets.sealed }).from(projectSecrets).where(named(project, name)).get()?.sealed,

    /** Lists with notifications that refer to a secret. */
    secretUsers: async (project: string, name: string): Promise<string[]> => [...new Set(referring.all(project, name))],
  }
}
