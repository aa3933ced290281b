import type { Preset } from './preset.ts'

/** Of chats. Limits are those of the documentation named. */
export const chatPresets = {
  'google-chat': {
    label: 'Google Chat',
    documentation: 'https://developers.google.com/workspace/chat/api/reference/rest/v1/cards',
    text: 'html',
    values: 'chat',
    own: { key: 'text', most: 4096, unit: 'characters' },
    pace: { perSecond: 1, burst: 1 },
    body: {
      fallbackText: { put: 'title', most: 250, plain: true },
      cardsV2: [
        {
          cardId: 'tocsin',
          card: {
            header: {
              title: { put: 'title', most: 250, plain: true },
              subtitle: { put: 'severity' },
            },
            sections: [
              {
                widgets: [
                  {
                    textParagraph: {
                      text: { put: 'text', most: 10_000, bytes: 12_000, without: ['facts', 'links'], or: '–' },
                    },
                  },
                  {
                    put: 'each',
                    of: 'facts',
                    most: 20,
                    to: {
                      decoratedText: {
                        topLabel: { put: 'name', most: 100, plain: true },
                        text: { put: 'value', most: 400, or: '–' },
                        wrapText: true,
                      },
                    },
                  },
                  {
                    buttonList: {
                      buttons: {
                        put: 'each',
                        of: 'actions',
                        most: 6,
                        to: {
                          text: { put: 'name', most: 40, plain: true },
                          onClick: { openLink: { url: { put: 'url' } } },
                        },
                      },
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  },
  discord: {
    label: 'Discord',
    documentation: 'https://discord.com/developers/docs/resources/webhook#execute-webhook',
    text: 'discord',
    values: 'markdown',
    own: { key: 'content', most: 2000, unit: 'characters' },
    pace: { perSecond: 0.5, burst: 5 },
    address: { query: { wait: 'true' } },
    // "Unknown Webhook": https://docs.discord.com/developers/topics/opcodes-and-status-codes#json-json-error-codes
    gone: /"code"\s*:\s*10015\b/,
    body: {
      allowed_mentions: { parse: [] },
      embeds: [
        {
          title: { put: 'title', most: 256 },
          url: { put: 'link' },
          color: { put: 'colour', number: true },
          description: { put: 'text', most: 3000, without: ['facts', 'why'] },
          fields: {
            put: 'each',
            of: 'facts',
            most: 10,
            to: { name: { put: 'name', most: 80, or: '–' }, value: { put: 'value', most: 150, or: '–' }, inline: true },
          },
          footer: { text: { put: 'why', most: 300, plain: true } },
          timestamp: { put: 'time' },
        },
      ],
    },
  },
  mattermost: {
    label: 'Mattermost',
    documentation: 'https://developers.mattermost.com/integrate/webhooks/incoming/',
    text: 'markdown',
    values: 'markdown',
    own: { key: 'text', most: 16_383, unit: 'characters' },
    pace: { perSecond: 5, burst: 5 },
    body: {
      attachments: [
        {
          fallback: { put: 'title', most: 250, plain: true },
          color: { put: 'colour' },
          title: { put: 'title', most: 250, plain: true },
          title_link: { put: 'link' },
          text: { put: 'text', most: 7000, without: ['facts', 'why'] },
          fields: {
            put: 'each',
            of: 'facts',
            most: 20,
            to: { title: { put: 'name', most: 100 }, value: { put: 'value', most: 300 }, short: true },
          },
          footer: { put: 'why', most: 300, plain: true },
        },
      ],
    },
  },
} as const satisfies Record<string, Preset>
