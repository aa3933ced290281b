import { channels, isChannelKind } from '../channels/index.ts'
import { messageOf } from '../errors.ts'
import type { Draft } from '../flow.ts'
import type { NewDelivery } from '../model/delivery.ts'
import type { Message } from '../model/message.ts'
import { sentence } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import type { Rule } from '../model/rule.ts'
import type { Store } from '../store/index.ts'

/** Rows a preview shows. */
const SHOWN_ROWS = 100

/** What a rule would do now: its rows, its verdict, and for every route the message as it would go out. */
export async function previewOf(store: Store, rule: Rule, { commit, written }: Pick<Draft, 'commit' | 'written'>) {
  const { result, trace, verdict, value } = commit
  return {
    verdict,
    value,
    error: trace.error,
    reasons: trace.reasons.map((reason) => ({ ...reason, text: sentence(reason) })),
    transitions: trace.transitions,
    rows: result === null ? null : firstRows(result),
    routes: trace.routes.map(({ deliveryId: _, ...decision }) => ({ ...decision, text: sentence(decision.reason) })),
    messages: await Promise.all(
      written.map(async ({ delivery, decision }) => ({
        route: delivery.route,
        recipient: delivery.recipient ?? '',
        channel: decision.channel,
        kind: delivery.target.kind,
        settings: delivery.target.settings,
        message: withoutFiles(delivery.message),
        rendered: await renderedFor(store, delivery),
      })),
    ),
    warnings: rule.warnings,
  }
}

/** The channel's own form of a message. No secret takes part, so none can show. */
async function renderedFor(store: Store, { target, message }: NewDelivery): Promise<unknown> {
  if (!isChannelKind(target.kind)) return null
  const row = target.channelId === null ? undefined : await store.channels.get(target.channelId)
  try {
    return channels[target.kind].render(withoutFiles(message), { ...row?.settings, ...target.settings } as never)
  } catch (thrown) {
    return { error: messageOf(thrown) }
  }
}

/** A message whose files are named but not there: they may be large, and a preview is read by people. */
function withoutFiles(message: Message): Message {
  return { ...message, attachments: message.attachments.map((file) => ({ ...file, content: '' })) }
}

function firstRows({ columns, rows, truncated, elapsed }: QueryResult) {
  return { columns, rows: rows.slice(0, SHOWN_ROWS), count: rows.length, truncated, elapsed }
}
