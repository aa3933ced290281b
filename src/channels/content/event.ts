import { type Message, type MessageKind, messageText } from '../../model/message.ts'

/** What a message is called among events. */
export const eventTypes: Readonly<Record<MessageKind, string>> = {
  run: 'run',
  firing: 'alert.firing',
  reminder: 'alert.reminder',
  resolved: 'alert.resolved',
  'no-data': 'alert.no-data',
  error: 'alert.error',
  recovered: 'alert.recovered',
  test: 'test',
  message: 'message',
}

/** A message as programs read it: the JSON of `{v, type, timestamp, data}`. */
export function eventJson(message: Message): string {
  const timestamp = new Date(message.time).toISOString()
  return `{"v":1,"type":"${eventTypes[message.kind]}","timestamp":"${timestamp}","data":${messageText(message)}}`
}
