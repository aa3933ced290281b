import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { httpEntries, httpUrl, repeatUnknown } from '../http-settings.ts'

// Templates may make them long; what Slack would refuse is cut or left out rather than the message.
const line = v.pipe(v.string('must be text'), v.maxLength(5000, 'must be at most 5000 characters'))
const token = v.pipe(line, v.regex(/^[\x21-\x7e]+$/, 'must be plain ASCII without spaces'))

/** Which way into Slack, and how messages look there. */
export const slackSettings = v.pipe(
  v.strictObject({
    mode: v.pipe(
      v.optional(v.picklist(['webhook', 'bot'], 'must be "webhook" or "bot"'), 'webhook'),
      field({ title: 'Mode', hint: 'A webhook posts to one Slack channel; a bot to any, with threads and updates.' }),
    ),
    webhookUrl: v.pipe(
      v.optional(httpUrl),
      field({ title: 'Webhook URL', hint: 'As Slack shows it; whoever has it can post.', secret: true }),
    ),
    token: v.pipe(
      v.optional(token),
      field({ title: 'Bot token', hint: 'Begins with "xoxb-"; its bot needs the scope chat:write.', secret: true }),
    ),
    channel: v.pipe(
      v.optional(line),
      field({
        title: 'Slack channel',
        hint: 'For a bot: an id such as C0123456789 (best, since it outlives renaming) or #name. A route may give its own.',
      }),
    ),
    username: v.pipe(
      v.optional(line),
      field({ title: 'Sender name', hint: 'Needs the scope chat:write.customize; most webhooks ignore it.' }),
    ),
    icon: v.pipe(
      v.optional(line),
      field({ title: 'Icon', hint: 'As :name: or the address of a picture; needs the same scope as the sender name.' }),
    ),
    colour: v.pipe(
      v.optional(line),
      field({
        title: 'Colour of the bar',
        hint: 'As #rrggbb, good, warning or danger; "none" for no bar. Anything else is the colour of the severity.',
      }),
    ),
    followUp: v.pipe(
      v.optional(v.picklist(['thread', 'update', 'message'], 'must be "thread", "update" or "message"'), 'thread'),
      field({
        title: 'Later messages of an alert',
        hint: 'With a bot: in the thread of the first message; "update" changes that message when the alert ends; "message" makes each one new.',
      }),
    ),
    broadcast: v.pipe(
      v.optional(v.boolean('must be true or false'), false),
      field({
        title: 'Show the end in the channel too',
        hint: 'An end told in a thread is shown below all else as well.',
      }),
    ),
    apiUrl: v.pipe(
      v.optional(httpUrl, 'https://slack.com/api'),
      field({ title: 'Address of the API', hint: 'For a bot; another one for GovSlack: https://slack-gov.com/api.' }),
    ),
    repeatUnknown,
    ...httpEntries,
  }),
  v.forward(
    v.check(
      ({ mode, webhookUrl }) => mode === 'bot' || webhookUrl !== undefined,
      'is missing; the mode "webhook" needs it',
    ),
    ['webhookUrl'],
  ),
  v.forward(
    v.check(({ mode, token }) => mode === 'webhook' || token !== undefined, 'is missing; the mode "bot" needs it'),
    ['token'],
  ),
)

export type SlackSettings = v.InferOutput<typeof slackSettings>
