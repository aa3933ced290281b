/** What a file of MLRun's holds: a list of notifications, and whose they are where it says so. */
export interface NotificationFile {
  notifications: unknown
  run: string | null
  schedule: string | null
}

/**
 * Finds notifications in a list of them, in `{"notifications": […]}`, in a run (`metadata.uid`, `spec.notifications`) and in a
 * schedule (`name`, `scheduled_object.task.spec.notifications`).
 */
export function notificationsInFile(content: unknown): NotificationFile {
  const nobody = { run: null, schedule: null }
  if (Array.isArray(content)) return { ...nobody, notifications: content }
  const task = at(content, 'scheduled_object', 'task', 'spec', 'notifications')
  if (task !== undefined) return { ...nobody, notifications: task, schedule: textOf(at(content, 'name')) }
  const own = at(content, 'spec', 'notifications')
  if (own !== undefined) return { ...nobody, notifications: own, run: textOf(at(content, 'metadata', 'uid')) }
  return { ...nobody, notifications: at(content, 'notifications') ?? [content] }
}

function at(value: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  )
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
