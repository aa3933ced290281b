import { redact } from '../redact.ts'

/** Answers are kept up to this many bytes. */
const LONGEST = 8 * 1024

/**
 * A receiver's answer as it may be kept: without the secrets it was sent, given by `secretForms`, and cut to 8 kB.
 */
export function keepable(text: string, forms: readonly string[]): string {
  return cut(redact(text, forms))
}

function cut(text: string): string {
  if (text.length * 3 <= LONGEST) return text
  const bytes = Buffer.from(text)
  return bytes.length <= LONGEST
    ? text
    : `${bytes
        .subarray(0, LONGEST - 3)
        .toString()
        .replace(/\uFFFD+$/, '')}…`
}
