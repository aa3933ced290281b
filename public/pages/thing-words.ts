import type { Thing } from '../types.ts'

export type Collection = 'channels' | 'connections'

export const words = {
  channels: {
    title: 'Channels',
    one: 'channel',
    empty: 'There are no channels yet. A channel is a way to tell people: mail, chat, a webhook.',
  },
  connections: {
    title: 'Connections',
    one: 'connection',
    empty: 'There are no connections yet. A connection is a database that rules query; nothing is ever written to it.',
  },
} as const

export function healthOf({ status, disabled }: Thing): string {
  return status ?? (disabled === null || disabled === undefined ? 'ok' : 'disabled')
}
