/** Shorter ones cannot be told from other text. */
const SHORTEST_SECRET = 3
/** What is part of an address is hidden alone too when it is at least this long: a path, a segment or a value of it. */
const LONG_PART = 8

/** Every text inside secret settings, in each of the forms it may travel in, the longest first. */
export function secretForms(settings: unknown): string[] {
  const secrets = textsIn(settings).flatMap((text) => [text, ...partsOfAddress(text), ...credentialsIn(text)])
  const forms = secrets.filter((text) => text.length >= SHORTEST_SECRET).flatMap(formsOf)
  return [...new Set(forms)].sort((one, other) => other.length - one.length)
}

/** A text without the secrets whose forms are given. */
export function redact(text: string, forms: readonly string[]): string {
  let clean = text
  for (const form of forms)
    if (form.length <= clean.length && clean.includes(form)) clean = clean.replaceAll(form, '***')
  return clean
}

/** What stands behind the scheme of an authorization, such as `Bearer …`: receivers tell it back alone. */
function credentialsIn(text: string): string[] {
  const [, credential = ''] = /^[A-Za-z-]+ +(\S+)$/.exec(text) ?? []
  return credential.length >= LONG_PART ? [credential] : []
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** Of a secret that is a URL: its password, as written and as meant, and what of its path and query may be secret. */
function partsOfAddress(text: string): string[] {
  if (!URL.canParse(text)) return []
  const { password, pathname, search, searchParams } = new URL(text)
  const parts = [`${pathname}${search}`, pathname, ...pathname.split('/'), ...searchParams.values()]
  return [password, decoded(password), ...parts.filter((part) => part.length >= LONG_PART)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64')
  return [secret, encodeURIComponent(secret.toWellFormed()), base64, JSON.stringify(secret).slice(1, -1)]
}
