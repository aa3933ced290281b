import { type ChannelSender, manageChannelSends } from './channel-sends.ts'
import { type ChannelManager, manageChannels } from './channels.ts'
import { type ConnectionManager, manageConnections } from './connections.ts'
import type { ManageContext } from './context.ts'
import { type DeliveryManager, manageDeliveries } from './deliveries.ts'
import { createExplainer, type Explainer } from './explain.ts'
import { type ImportManager, manageImport } from './import.ts'
import { manageNotifications, type NotificationManager } from './notifications.ts'
import { manageRules, type RuleManager } from './rules.ts'
import { manageTokens, type TokenManager } from './tokens.ts'

/** Everything people change: validated, sealed, stored and noted in the audit trail. */
export interface Manage {
  connections: ConnectionManager
  channels: ChannelManager
  sends: ChannelSender
  rules: RuleManager
  notifications: NotificationManager
  imports: ImportManager
  deliveries: DeliveryManager
  tokens: TokenManager
  explain: Explainer
}

export function createManage(context: ManageContext): Manage {
  const rules = manageRules(context)
  return {
    connections: manageConnections(context),
    channels: manageChannels(context),
    sends: manageChannelSends(context),
    rules,
    notifications: manageNotifications(context, rules),
    imports: manageImport(context, rules),
    deliveries: manageDeliveries(context),
    tokens: manageTokens(context),
    explain: createExplainer(context.store),
  }
}
