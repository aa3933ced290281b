import type { Message, Severity } from '../../model/message.ts'

const bySeverity: Record<Severity, string> = {
  debug: '#6b7280',
  info: '#2563eb',
  warning: '#b45309',
  error: '#c2410c',
  critical: '#b91c1c',
}
const GOOD = '#15803d'

/** Whether a message tells that something is well again. */
export function isGood({ kind }: Message): boolean {
  return kind === 'resolved' || kind === 'recovered'
}

/** The colour of a message as `#rrggbb`: green when something is well again, else that of its severity. */
export function colourOf(message: Message): string {
  return isGood(message) ? GOOD : bySeverity[message.severity]
}
