import type { CheckReport } from '../src/connections/connection.ts'
import type { Attempt, Delivery } from '../src/model/delivery.ts'
import type { Evaluation, RouteDecision, Trace } from '../src/model/evaluation.ts'
import type { InboxItem } from '../src/model/inbox.ts'
import type { Json, JsonObject } from '../src/model/json.ts'
import type { Message } from '../src/model/message.ts'
import type { Reason } from '../src/model/reason.ts'
import type { Column } from '../src/model/result.ts'
import type { FieldInfo } from '../src/model/settings.ts'

export type { SendResult } from '../src/manage/channel-sends.ts'
export type { Explanation } from '../src/manage/explain.ts'
export type { OpenAlert, Overview } from '../src/manage/overview.ts'
export type { RuleValues } from '../src/manage/rule-status.ts'
export type { ReporterState } from '../src/manage/run-reporters.ts'
export type { Sample } from '../src/manage/sample.ts'
export type { TokenHolder } from '../src/manage/tokens.ts'
export type { ConditionAnswer, ScheduleAnswer } from '../src/manage/trials.ts'
export type { InboxItem } from '../src/model/inbox.ts'
export type { Condition, RuleInput } from '../src/model/rule.ts'
export type { DeliverySummary } from '../src/store/delivery-rows.ts'
export type { Attempt, Column, FieldInfo, Json, JsonObject, Message }

import type { RuleStatus } from '../src/manage/rule-status.ts'
import type { RuleView } from '../src/manage/rule-view.ts'
import type { RunManager } from '../src/manage/runs.ts'

/** A page of a list. */
export interface Page<Item> {
  items: Item[]
  next: string | null
}

export type Rule = RuleView & { status: RuleStatus; scheduleWords?: string }
/** A rule on a query; the others are on runs. */
export type QueryRule = Extract<Rule, { query: string }>

type Told<T> = T & { text: string }

/** An evaluation as lists show it, and with its trace. */
export type ShortEvaluation = Omit<Evaluation, 'trace'> & {
  cause: Trace['cause'] | null
  error: string | null
  reasons: string[]
}
export type FullEvaluation = Omit<Evaluation, 'trace'> & {
  trace: (Omit<Trace, 'reasons' | 'routes'> & { reasons: Told<Reason>[]; routes: Told<RouteDecision>[] }) | null
  words: string[]
}

export type ShortRun = Awaited<ReturnType<RunManager['list']>>[number]['run']
export type FullRun = Awaited<ReturnType<RunManager['get']>>

export type InboxPage = Page<InboxItem> & { unread: number }
export type FullInboxItem = InboxItem & { message: Message }

export type FullDelivery = Omit<Delivery, 'reason' | 'target' | 'attempts'> & {
  reason: Told<Reason> | null
  target: { channelId: string | null; kind: string; destination: string; settings: JsonObject }
  /** Name of the channel; null when it is part of the rule, or was removed. */
  channel: string | null
  waitsFor: string | null
  /** A client sent it by itself: it cannot be sent again from here. */
  local?: true
  attempts: Attempt[]
}

/** A channel or a connection. */
export interface Thing {
  id: string
  name: string
  kind: string
  settings: JsonObject
  secrets: string[]
  version: number
  /** Of a channel. */
  fallback?: boolean
  destination?: string
  disabled?: string | null
  /** Of a connection. */
  status?: 'ok' | 'failing'
  failingSince?: number | null
  lastError?: string | null
}

export type CheckAnswer = ({ ok: true } & CheckReport) | { ok: false; error: string }

/** What JSON Schema says of one setting, as far as a form cares. */
export interface SettingSchema {
  type?: string
  enum?: Json[]
  default?: Json
  anyOf?: SettingSchema[]
  items?: SettingSchema
}

export interface Kind {
  kind: string
  label: string
  documentation: string
  fields: Record<string, FieldInfo>
  settings: { properties?: Record<string, SettingSchema>; required?: string[] }
}

export interface Kinds {
  connections: Kind[]
  channels: Kind[]
}

/** The rows of a tried query. */
export interface Rows {
  columns: Column[]
  rows: Json[][]
  count: number
  truncated: boolean
  elapsed: number
}

export interface Preview {
  verdict: Evaluation['verdict']
  value: string
  error: string | null
  reasons: Told<Reason>[]
  rows: Rows | null
  routes: Told<RouteDecision>[]
  messages: { route: string; channel: string; kind: string; message: Message; rendered: unknown }[]
  warnings: string[]
}
