import type { Preset } from './preset.ts'

/** Of messages to phones. Limits are those of the documentation named. */
export const pushPresets = {
  ntfy: {
    label: 'ntfy',
    documentation: 'https://docs.ntfy.sh/publish/#publish-as-json',
    text: 'plain',
    markdownWhere: /"markdown"\s*:\s*true/,
    own: { key: 'message', most: 4096, unit: 'bytes' },
    pace: { perSecond: 1, burst: 20 },
    address: { topic: true },
    body: {
      topic: { put: 'topic' },
      title: { put: 'title', most: 250 },
      message: { put: 'text', most: 4000, bytes: 4000, without: ['links'], or: '–' },
      priority: { put: 'level', levels: { debug: 1, info: 2, warning: 3, error: 4, critical: 5, over: 3 } },
      tags: [
        {
          put: 'level',
          levels: {
            debug: 'mag',
            info: 'information_source',
            warning: 'warning',
            error: 'x',
            critical: 'rotating_light',
            over: 'white_check_mark',
          },
        },
      ],
      click: { put: 'link' },
      actions: {
        put: 'each',
        of: 'actions',
        most: 3,
        to: { action: 'view', label: { put: 'name', most: 40 }, url: { put: 'url' } },
      },
    },
  },
  gotify: {
    label: 'Gotify',
    documentation: 'https://gotify.net/docs/pushmsg',
    text: 'markdown',
    markdownWhere: /"contentType"\s*:\s*"text\/markdown/,
    own: { key: 'message', most: 8000, unit: 'characters' },
    pace: { perSecond: 5, burst: 20 },
    address: { path: '/message' },
    body: {
      title: { put: 'title', most: 250, plain: true },
      message: { put: 'text', most: 8000, or: '–' },
      priority: { put: 'level', levels: { debug: 0, info: 2, warning: 5, error: 7, critical: 10, over: 4 } },
      extras: {
        'client::display': { contentType: 'text/markdown' },
        'client::notification': { click: { url: { put: 'link' } } },
      },
    },
  },
} as const satisfies Record<string, Preset>
