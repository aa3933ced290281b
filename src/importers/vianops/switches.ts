import type { Json } from '../../model/json.ts'
import type { Notification } from './notification.ts'

/** Whether it is paused, however the flag is spelt; undefined when it is none. */
export function readPaused(value: Json | undefined): boolean | undefined {
  const text = spelt(value)
  if (['true', '1'].includes(text)) return true
  return ['', 'false', '0'].includes(text) ? false : undefined
}

/**
 * The status, however it is spelt; undefined when it is none. The document calls it a text and describes it as a flag
 * where false means active and true inactive.
 */
export function readStatus(value: Json | undefined): Notification['status'] | undefined {
  const text = spelt(value)
  if (['', 'active', 'false', '0'].includes(text)) return 'Active'
  return ['inactive', 'true', '1'].includes(text) ? 'Inactive' : undefined
}

function spelt(value: Json | undefined): string {
  return typeof value === 'object'
    ? value === null
      ? ''
      : '?'
    : String(value ?? '')
        .trim()
        .toLowerCase()
}
