import type { Message, MessageKind, Severity } from './message.ts'

/** What a delivery to the inbox leaves there. */
export interface InboxEntry {
  message: Message
  /** When it is forgotten, ms since 1970. */
  until: number
}

/** One message in the inbox, without its content. */
export interface InboxItem {
  /** That of its delivery. */
  id: string
  project: string
  /** Id of the stored channel; null when the route had one of its own. */
  channelId: string | null
  ruleId: string | null
  /** That decided on it; null when it was sent by hand, or its delivery is no longer kept. */
  evaluationId: string | null
  /** Its delivery can still be looked at. */
  hasDelivery: boolean
  kind: MessageKind
  severity: Severity
  title: string
  summary: string
  rule: string
  /** When it arrived, was read first (null: not yet) and will be forgotten, ms since 1970. */
  at: number
  readAt: number | null
  until: number
}
