/**
 * How a text is cut into short messages, each of which is paid for: 160 characters of the GSM alphabet, or 70 of UCS-2
 * when one is not in it; 153 or 67 where several belong together (https://www.twilio.com/docs/glossary/what-sms-character-limit).
 */
export interface Segments {
  encoding: 'GSM-7' | 'UCS-2'
  count: number
}

export function segmentsOf(text: string): Segments {
  const chars = [...text]
  const isGsm = chars.every((char) => BASIC.has(char) || EXTENDED.has(char))
  const sizes = chars.map((char) => (isGsm ? (EXTENDED.has(char) ? 2 : 1) : char.length))
  const [alone, joined] = isGsm ? [160, 153] : [70, 67]
  return { encoding: isGsm ? 'GSM-7' : 'UCS-2', count: packed(sizes, alone, joined) }
}

/** Characters that look the same in the GSM alphabet: one of them alone would more than halve the room of a text. */
export function inGsm(text: string): string {
  return text.replace(/[‘’‚‛“”„‟‹›«»–—―−…\u00a0\u2002-\u200a\u202f]/g, (char) => similar[char] ?? ' ')
}

const similar: Record<string, string> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '‛': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '‟': '"',
  '‹': '<',
  '›': '>',
  '«': '"',
  '»': '"',
  '–': '-',
  '—': '-',
  '―': '-',
  '−': '-',
  '…': '...',
}

// GSM 03.38, with what takes an escape before it.
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENDED = new Set('\f^{}\\[~]|€')

/** No character is parted by the end of a segment. */
function packed(sizes: readonly number[], alone: number, joined: number): number {
  if (sizes.reduce((sum, size) => sum + size, 0) <= alone) return 1
  let count = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > joined) {
      count += 1
      used = 0
    }
    used += size
  }
  return count
}
