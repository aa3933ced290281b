import type { FailedOutcome } from '../failure.ts'

/** What an error of Slack means for a delivery. */
export interface SlackError {
  /** `rejected` unless given. */
  outcome?: FailedOutcome
  /** For people: what is wrong and what helps. */
  text: string
  /** Proof that the channel will never work again: always, or in one mode. */
  disables?: 'always' | 'webhook'
  /** ms to wait where Slack does not say. */
  wait?: number
  /** The blocks are at fault: the message may still go as text. */
  readable?: false
  /** The earlier message is at fault: the message may still go as a new one. */
  follows?: true
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const blocks = { text: 'Slack does not accept the blocks of this message.', readable: false } as const
const auth = { text: 'Slack does not accept the bot token; give the channel a new one.', disables: 'always' } as const
const busy = { outcome: 'retryable', text: 'Slack cannot take the message for now.' } as const
const halfway = {
  outcome: 'unknown',
  text: 'Slack failed while it worked on the message, and may have posted it.',
} as const
const slower = { outcome: 'retryable', text: 'Slack asks to send less often.', wait: MINUTE } as const
const gone = { text: 'The earlier message of this alert cannot be answered or changed.', follows: true } as const
const restricted = { text: 'The workspace does not let this bot post there; its administrators decide that.' } as const
const noHook = {
  text: 'The webhook does not exist any more; make a new one in Slack and give the channel its address.',
  disables: 'webhook',
} as const
const malformed = { text: 'Slack does not understand the request.' } as const

/**
 * Documented errors: https://docs.slack.dev/reference/methods/chat.postMessage#errors,
 * https://docs.slack.dev/reference/methods/chat.update#errors and
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
 */
export const slackErrors: Readonly<Record<string, SlackError>> = {
  // The way in.
  invalid_auth: auth,
  not_authed: auth,
  token_expired: auth,
  token_revoked: auth,
  account_inactive: { ...auth, text: 'The bot, its app or the workspace was removed from Slack.' },
  invalid_token: { ...noHook, text: 'Slack does not accept the token in the webhook URL; make a new webhook.' },
  no_active_hooks: noHook,
  no_service: noHook,
  no_service_id: noHook,
  no_team: { ...noHook, text: 'The workspace of the webhook does not exist.' },
  team_disabled: { ...noHook, text: 'The workspace of the webhook is disabled.' },
  missing_scope: { text: 'The bot lacks a permission; add the scope to the app and install it again.' },
  no_permission: { text: 'The bot may not post there; add it to the Slack channel and check its scopes.' },
  not_allowed_token_type: { ...auth, text: 'Slack wants a bot token here; it begins with "xoxb-".' },
  org_login_required: { ...busy, wait: HOUR },
  team_added_to_org: { ...busy, wait: MINUTE },
  access_denied: restricted,
  ekm_access_denied: restricted,
  enterprise_is_restricted: restricted,
  team_access_not_granted: restricted,
  action_prohibited: restricted,
  posting_to_general_channel_denied: restricted,
  restricted_action: restricted,
  restricted_action_read_only_channel: restricted,
  restricted_action_thread_only_channel: restricted,
  restricted_action_thread_locked: { ...gone, text: 'The thread of the first message is locked.' },
  restricted_action_non_threadable_channel: { ...gone, text: 'The Slack channel has no threads.' },
  // Where to.
  channel_not_found: {
    text: 'Slack knows no such channel, or the bot cannot see it; invite the bot to it, or name it by its id.',
    disables: 'webhook',
  },
  not_in_channel: { text: 'The bot is not in the Slack channel; invite it, or give it the scope chat:write.public.' },
  is_archived: { text: 'The Slack channel is archived.' },
  channel_is_archived: { text: 'The Slack channel of the webhook is archived.', disables: 'webhook' },
  user_not_found: { text: 'Slack knows no such user.' },
  cannot_reply_to_message: gone,
  cant_update_message: gone,
  edit_window_closed: gone,
  message_not_found: gone,
  thread_not_found: gone,
  // The content.
  invalid_blocks: blocks,
  invalid_blocks_format: blocks,
  invalid_attachments: blocks,
  invalid_payload: blocks,
  msg_blocks_too_long: blocks,
  too_many_attachments: blocks,
  attachment_payload_limit_exceeded: blocks,
  msg_too_long: { text: 'The message is longer than Slack takes.' },
  no_text: { text: 'Slack found no text in the message.' },
  metadata_too_large: malformed,
  invalid_arguments: malformed,
  invalid_arg_name: malformed,
  invalid_charset: malformed,
  invalid_form_data: malformed,
  invalid_json: malformed,
  invalid_post_type: malformed,
  missing_post_type: malformed,
  // For now.
  rate_limited: slower,
  ratelimited: slower,
  message_limit_exceeded: { ...slower, text: 'The workspace has reached its limit of messages.', wait: HOUR },
  service_unavailable: busy,
  request_timeout: busy,
  rollup_error: busy,
  internal_error: halfway,
  fatal_error: halfway,
}
