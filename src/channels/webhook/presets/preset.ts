import type { Json } from '../../../model/json.ts'
import type { Message, Severity, ValueForm } from '../../../model/message.ts'

/** What stands for a part of the message in the body of a preset. */
export interface Put {
  put:
    | 'title'
    | 'text'
    | 'why'
    | 'rule'
    | 'type'
    | 'severity'
    | 'level'
    | 'colour'
    | 'time'
    | 'link'
    | 'topic'
    | 'each'
    | 'name'
    | 'value'
    | 'url'
  /** Characters, or items of a list, at the most. */
  most?: number
  /** Bytes at the most, besides. */
  bytes?: number
  /** Instead of nothing. */
  or?: string
  /** Parts of the message that stand elsewhere in the body. */
  without?: ('facts' | 'links' | 'why')[]
  /** Of `level`: what the severities are there; `over` is for what has ended. */
  levels?: Readonly<Record<Severity | 'over', Json>>
  /** Of `each`. */
  of?: 'facts' | 'actions'
  to?: Template
  /** Of `colour`: as a number instead of `#rrggbb`. */
  number?: boolean
  /** Without the mark-up of the preset. */
  plain?: boolean
}

/** JSON in which some objects stand for parts of the message; what has nothing to stand for is left out. */
export type Template = Json | Put | Template[] | { [key: string]: Template }

/** A form of message that some receiver knows. */
export interface Preset {
  label: string
  documentation: string
  /** How text is written there. */
  text: 'plain' | 'html' | 'markdown' | 'discord'
  /** How values are written in a body that the rule gives. */
  values?: ValueForm
  /** Where such a body matches, its text is Markdown and values are written for that. */
  markdownWhere?: RegExp
  /** The key under which a body that is no JSON is sent, and the most of it that is taken. */
  own?: { key: string; most: number; unit: 'characters' | 'bytes' }
  body: Template | ((message: Message) => Json)
  encoding?: 'form'
  /** How the address that is called comes of the one that is given. */
  address?: {
    /** Where the given one has none. */
    path?: string
    query?: Record<string, string>
    /** Its last part names a topic, and belongs into the body. */
    topic?: true
  }
  /** How many its receivers take, for each address; one goes at a time then. */
  pace?: { perSecond: number; burst: number }
  /** What, in the body of a 404, proves that the address will never work again; others send one for a while. */
  gone?: RegExp
}
