import * as v from 'valibot'

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration in text, such as `30s`, `5m`, `1h30m`, `2d`, to ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+[smhd])+$/.test(text)) return undefined
  let total = 0
  for (const [, digits, unit] of text.matchAll(/(\d+)([smhd])/g)) total += Number(digits) * (UNITS[unit ?? ''] ?? 0)
  return Number.isSafeInteger(total) ? total : undefined
}

/** A length of time in ms as people write it, such as `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms / 1000) * 1000
  let text = ''
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] ?? 1
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0s' : text
}

/** A setting that is a duration between two limits, kept as the text the user wrote. */
export function duration(least: string, most: string) {
  const [minimum, maximum] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0]
  return v.pipe(
    v.string('must be a duration such as "30s", "5m" or "1h30m"'),
    v.check((text) => {
      const ms = parseDuration(text)
      return ms !== undefined && ms >= minimum && ms <= maximum
    }, `must be a duration such as "30s", "5m" or "1h30m", from ${least} to ${most}`),
  )
}
