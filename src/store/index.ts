import type { Clock } from '../clock.ts'
import { type AuditQueries, auditQueries } from './audit.ts'
import { type CensusQueries, censusQueries } from './census.ts'
import { type Changes, observed } from './changes.ts'
import { type ChannelQueries, channelQueries } from './channels.ts'
import { type ConnectionQueries, connectionQueries } from './connections.ts'
import type { Database } from './database.ts'
import { type DeliveryQueries, deliveryQueries } from './deliveries.ts'
import { evaluationPlaces } from './evaluation-places.ts'
import { type EvaluationQueries, evaluationQueries } from './evaluations.ts'
import { type InboxQueries, inboxQueries } from './inbox.ts'
import { type KeyQueries, keyQueries } from './keys.ts'
import type { LogSync } from './log-sync.ts'
import { type NotificationListQueries, notificationListQueries } from './notification-lists.ts'
import { type PingQueries, pingQueries } from './pings.ts'
import { type ProjectQueries, projectQueries } from './projects.ts'
import { type RetentionQueries, retentionQueries } from './retention.ts'
import { type RuleQueries, ruleQueries } from './rules.ts'
import { type RunQueries, runQueries } from './runs.ts'
import { type SessionQueries, sessionQueries } from './sessions.ts'
import { type TokenQueries, tokenQueries } from './tokens.ts'
import { type VariableQueries, variableQueries } from './variables.ts'
import { type CommitListener, createWriter } from './writer.ts'

/** Everything Tocsin remembers. Every function owns its whole transaction and resolves after its commit. */
export interface Store {
  rules: RuleQueries
  evaluations: EvaluationQueries
  runs: RunQueries
  notificationLists: NotificationListQueries
  pings: PingQueries
  variables: VariableQueries
  deliveries: DeliveryQueries
  inbox: InboxQueries
  connections: ConnectionQueries
  channels: ChannelQueries
  projects: ProjectQueries
  tokens: TokenQueries
  sessions: SessionQueries
  keys: KeyQueries
  audit: AuditQueries
  retention: RetentionQueries
  census: CensusQueries
  /** Tells what of this changes, for those who look on. */
  changes: Changes
  /** Commits what waits and closes the file. */
  close(): void
}

/** The store over an open, migrated database. Without `sync` every commit holds the process up until it is safe. */
export function createStore(
  database: Database,
  clock: Clock,
  sync: LogSync | null = null,
  onCommit?: CommitListener,
): Store {
  const writer = createWriter(database, clock, sync, onCommit)
  const context = { database, writer, clock }
  const deliveries = deliveryQueries(context)
  const places = evaluationPlaces(context)
  const evaluations = evaluationQueries(context, deliveries.insert, places)
  const rules = ruleQueries(context, places)
  const lists = notificationListQueries(context, rules)
  return observed({
    rules,
    evaluations: evaluations.queries,
    runs: runQueries(context, evaluations.store, { revision: rules.revision, forgetList: lists.forget }),
    notificationLists: lists,
    pings: pingQueries(context),
    variables: variableQueries(context),
    deliveries,
    inbox: inboxQueries(context),
    connections: connectionQueries(context),
    channels: channelQueries(context),
    projects: projectQueries(context),
    tokens: tokenQueries(context),
    sessions: sessionQueries(context),
    keys: keyQueries(context),
    audit: auditQueries(context),
    retention: retentionQueries(context, places),
    census: censusQueries(context),
    close() {
      writer.flush()
      sync?.close()
      database.raw.close()
    },
  })
}
