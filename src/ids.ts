import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

export type IdPrefix = 'con' | 'chn' | 'rul' | 'evl' | 'alr' | 'msg' | 'att' | 'tok' | 'key' | 'aud' | 'png' | 'run'

const TIME_DIGITS = 9
/** What three digits count to. */
const MOST_AT_ONCE = 32 ** 3 - 1

let lastTime = 0
let counter = 0
let pool = randomBytes(0)
let used = 0

/**
 * A new identifier: prefix, 9 digits of time in ms, 3 of a counter within it, 8 random ones. Ids of one process sort by
 * their making, also when the clock is put back. Deliveries have the prefix `msg`, since their id is the `webhook-id` receivers see; ids hold no dot.
 */
export function newId(prefix: IdPrefix, now: number): string {
  if (now > lastTime) [lastTime, counter] = [now, 0]
  else if (counter < MOST_AT_ONCE) counter += 1
  else [lastTime, counter] = [lastTime + 1, 0]
  return `${prefix}_${base32(lastTime, TIME_DIGITS)}${base32(counter, 3)}${randomText(8)}`
}

/** When an identifier was made, in ms since 1970; 0 for what is none. */
export function idTime(id: string): number {
  const digits = id.slice(id.indexOf('_') + 1).slice(0, TIME_DIGITS)
  return [...digits].reduce((time, digit) => time * 32 + Math.max(0, ALPHABET.indexOf(digit)), 0)
}

/** Chance comes in large pieces: asking for a few bytes costs as much as for many. */
function randomText(digits: number): string {
  if (used + digits > pool.length) {
    pool = randomBytes(4096)
    used = 0
  }
  let text = ''
  for (const end = used + digits; used < end; used += 1) text += ALPHABET[(pool[used] ?? 0) & 31]
  return text
}

function base32(value: number, digits: number): string {
  let text = ''
  for (let rest = value, place = 0; place < digits; place += 1) {
    text = ALPHABET[rest % 32] + text
    rest = Math.floor(rest / 32)
  }
  return text
}
