const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** A length of time (ms) in its largest unit, or two: `3 min 5 s`, `1 h 20 min`. */
export function duration(ms: number): string {
  const at = units.findIndex(([, size]) => ms >= size)
  if (at < 0) return `${Math.max(0, Math.round(ms))} ms`
  const [unit, size] = units[at] ?? ['s', 1000]
  const count = Math.floor(ms / size)
  const next = units[at + 1]
  const rest = next === undefined || count >= 10 ? 0 : Math.floor((ms - count * size) / next[1])
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${next?.[0] ?? ''}`
}

/** A time as it is read on a clock, with the day unless it is today. */
export function clockTime(time: number, now: number): string {
  const date = new Date(time)
  const isToday = date.toDateString() === new Date(now).toDateString()
  const clock = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  return isToday ? clock : `${date.toLocaleDateString([], { month: 'short', day: 'numeric' })} ${clock}`
}

/** `1 row`, `2 rows`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString()} ${noun}${number === 1 ? '' : 's'}`
}

/** Labels of an alert in a row. */
export function labelText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** The values that make up an alert's fingerprint, in a row; nothing for the whole rule. */
export function fingerprintText(fingerprint: string): string {
  try {
    const values: unknown = JSON.parse(fingerprint)
    if (Array.isArray(values)) return values.map(cell).join(', ')
  } catch {
    // Those of a rule's own trouble are words.
  }
  return fingerprint
}

/** A value of JSON as one reads it. */
export function cell(value: unknown): string {
  if (value === null) return 'NULL'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
