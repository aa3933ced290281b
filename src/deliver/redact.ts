/** Answers are kept up to this many bytes. */
const LONGEST = 8 * 1024

/**
 * A receiver's answer as it may be kept: without the secrets it was sent, in any of the forms they travel in, and cut
 * to 8 kB.
 */
export function keepable(text: string, secrets: readonly string[]): string {
  return cut(secrets.length === 0 ? text : without(text, secrets))
}

/** Every text inside the secret settings. */
export function secretTexts(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretTexts)
}

function without(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap(formsOf))
  let clean = text
  for (const form of [...forms].sort((a, b) => b.length - a.length))
    if (clean.includes(form)) clean = clean.replaceAll(form, '***')
  return clean
}

function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ]
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
