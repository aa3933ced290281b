import type { Channel } from './channel.ts'
import { consoleChannel } from './console.ts'
import { git } from './git.ts'
import { inbox } from './inbox.ts'
import { mail } from './mail.ts'
import { microsoftGraphMail } from './microsoft-graph-mail.ts'
import { shell } from './shell.ts'
import { slack } from './slack.ts'
import { teams } from './teams.ts'
import { twilio } from './twilio.ts'
import { webhook } from './webhook.ts'

/** Every kind of channel, by kind. */
export const channels = {
  webhook,
  mail,
  'microsoft-graph-mail': microsoftGraphMail,
  slack,
  teams,
  twilio,
  git,
  shell,
  console: consoleChannel,
  inbox,
} satisfies Record<string, Channel>

export type ChannelKind = keyof typeof channels

export function isChannelKind(kind: string): kind is ChannelKind {
  return Object.hasOwn(channels, kind)
}
