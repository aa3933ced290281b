/** Answers are kept up to this many bytes. */
const LONGEST = 8 * 1024

/**
 * A receiver's answer as it may be kept: without the secrets it was sent, given by `secretForms`, and cut to 8 kB.
 */
export function keepable(text: string, forms: readonly string[]): string {
  let clean = text
  for (const form of forms)
    if (form.length <= clean.length && clean.includes(form)) clean = clean.replaceAll(form, '***')
  return cut(clean)
}

/** Every text inside secret settings, in each of the forms it may travel in, the longest first. */
export function secretForms(settings: unknown): string[] {
  return [...new Set(textsIn(settings).flatMap(formsOf))].sort((a, b) => b.length - a.length)
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
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
