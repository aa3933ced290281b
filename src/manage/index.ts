import { type ChannelSender, manageChannelSends } from './channel-sends.ts'
import { type ChannelManager, manageChannels } from './channels.ts'
import { type ConnectionManager, manageConnections } from './connections.ts'
import type { ManageContext } from './context.ts'
import { type DeliveryManager, manageDeliveries } from './deliveries.ts'
import { createExplainer, type Explainer } from './explain.ts'
import { type ImportManager, manageImport } from './import.ts'
import { type DataikuManager, manageDataiku } from './import-dataiku.ts'
import { type MlrunManager, manageMlrun } from './mlrun.ts'
import { manageNotifications, type NotificationManager } from './notifications.ts'
import { managePings, type PingManager } from './pings.ts'
import { manageProjectSecrets, type ProjectSecretManager } from './project-secrets.ts'
import { manageRules, type RuleManager } from './rules.ts'
import { manageRuns, type RunManager } from './runs.ts'
import { manageSample, type SampleManager } from './sample.ts'
import { manageSessions, type SessionManager } from './sessions.ts'
import { manageTokens, type TokenManager } from './tokens.ts'
import { manageTrials, type TrialManager } from './trials.ts'
import { manageVariables, type VariableManager } from './variables.ts'

/** Everything people change: validated, sealed, stored and noted in the audit trail. */
export interface Manage {
  connections: ConnectionManager
  channels: ChannelManager
  sends: ChannelSender
  rules: RuleManager
  runs: RunManager
  pings: PingManager
  variables: VariableManager
  notifications: NotificationManager
  mlrun: MlrunManager
  projectSecrets: ProjectSecretManager
  imports: ImportManager
  dataiku: DataikuManager
  deliveries: DeliveryManager
  tokens: TokenManager
  sessions: SessionManager
  trials: TrialManager
  sample: SampleManager
  explain: Explainer
}

export function createManage(context: ManageContext): Manage {
  const rules = manageRules(context)
  const tokens = manageTokens(context)
  const connections = manageConnections(context)
  const channels = manageChannels(context)
  return {
    connections,
    channels,
    sends: manageChannelSends(context),
    rules,
    runs: manageRuns(context),
    pings: managePings(context),
    variables: manageVariables(context),
    notifications: manageNotifications(context, rules),
    mlrun: manageMlrun(context),
    projectSecrets: manageProjectSecrets(context),
    imports: manageImport(context, rules),
    dataiku: manageDataiku(context, rules, channels),
    deliveries: manageDeliveries(context),
    tokens,
    sessions: manageSessions(context, tokens),
    trials: manageTrials(context),
    sample: manageSample(context, { connections, channels, rules }),
    explain: createExplainer(context.store),
  }
}
