import type { JsonObject } from './json.ts'

export const severities = ['debug', 'info', 'warning', 'error', 'critical'] as const
export type Severity = (typeof severities)[number]

export interface Fact {
  name: string
  value: string
}
export interface Link {
  text: string
  url: string
}
/** A table to show; `more` counts the rows that were left out. */
export interface MessageTable {
  columns: string[]
  rows: string[][]
  more: number
  /** Its rows are the message's `runs`, which a channel may show in a form of their own instead. */
  of?: 'runs'
}
/** A file that goes along; `content` is base64. */
export interface Attachment {
  name: string
  contentType: string
  content: string
}

/** What rules tell: the life of an alert, or a test. */
export type AlertKind = 'firing' | 'reminder' | 'resolved' | 'no-data' | 'error' | 'test' | 'recovered'
/** `run`: a state that a run came to. `message`: what a caller gave, about no alert. */
export type MessageKind = AlertKind | 'run' | 'message'

/** A run, or a step of one, as receivers that know MLRun's `{{ runs }}` are told of it. */
export interface MessageRun {
  project: string
  name: string
  state: string
  error?: string
  results?: JsonObject
  host?: string
  /** Address of its page. */
  url?: string
  /** What kind of step it is; absent for the run itself. */
  stepKind?: string
}

/** One alert in a message. */
export interface MessageAlert {
  fingerprint: string
  /** The fingerprint columns and their values, as text. */
  labels: Record<string, string>
  /** ms since 1970. */
  since: number
  value: string
}

/**
 * The channel-neutral content of one message. Texts are plain: data never carries mark-up into it. Each channel renders
 * the tree in its own best form and within its limits.
 */
export interface Message {
  kind: MessageKind
  title: string
  severity: Severity
  summary: string
  /** Further paragraphs, with light Markdown (bold, italic, code, links) written by the rule's author. */
  paragraphs: string[]
  facts: Fact[]
  table?: MessageTable
  /** A log tail or code, shown in fixed width. */
  code?: string
  links: Link[]
  /** Shown as buttons where the vendor has them. */
  actions: Link[]
  /** Address of a picture. */
  image?: string
  attachments: Attachment[]
  /** One line: why this was sent. With `traceUrl` it links to the decision trace. */
  why: string
  traceUrl?: string
  /** The rule's name; empty for a test. */
  rule: string
  tags: string[]
  alerts: MessageAlert[]
  /** The runs it is about; none where a query rule made it. */
  runs?: MessageRun[]
  /** Time of the evaluation, ms since 1970. */
  time: number
  /** A channel-specific body that was already rendered from the route's template. */
  body?: RenderedBody
}

/** A body given by the rule instead of the channel's own form. */
export interface RenderedBody {
  text: string
  /** Whether the template declared JSON and the text parses as JSON. */
  contentType: 'application/json' | 'text/plain' | 'text/html' | 'application/x-www-form-urlencoded'
}

/**
 * How a value is written in a body that the rule gives, so that it stays text there: as Slack wants it, as Markdown, or,
 * where nothing can be escaped, with spaces nobody sees behind what would be mark-up or a mention.
 */
export type ValueForm = 'slack' | 'markdown' | 'chat'

/** Where a message bears its own JSON, unseen by copies of it. A WeakMap costs the collector a look at each. */
const text = Symbol('text')

/** A message as JSON. A message that is queued or sent changes no more, so its text is made once. */
export function messageText(message: Message & { [text]?: string }): string {
  const known = message[text]
  if (known !== undefined) return known
  const made = JSON.stringify(message)
  // One that is frozen bears nothing more.
  if (Object.isExtensible(message)) Object.defineProperty(message, text, { value: made })
  return made
}

/** A message with only what is given; everything else is empty. */
export function blankMessage(kind: MessageKind, time: number, content: Partial<Message>): Message {
  return {
    kind,
    title: '',
    severity: 'info',
    summary: '',
    paragraphs: [],
    facts: [],
    links: [],
    actions: [],
    attachments: [],
    why: '',
    rule: '',
    tags: [],
    alerts: [],
    time,
    ...content,
  }
}
