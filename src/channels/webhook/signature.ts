import { createHmac } from 'node:crypto'

/**
 * The `webhook-signature` of a message by Standard Webhooks 1.0.0: one for each secret, parted by a space. Secrets are
 * `whsec_` and base64; `seconds` is the time of this attempt, since 1970.
 */
export function signWebhook(secrets: readonly string[], id: string, seconds: number, body: string): string {
  const content = `${id}.${seconds}.${body}`
  return secrets.map((secret) => `v1,${createHmac('sha256', keyOf(secret)).update(content).digest('base64')}`).join(' ')
}

/** Why a text cannot be made a signing secret; null when it can. */
export function secretProblem(secret: string): string | null {
  const base64 = secret.slice(PREFIX.length)
  if (!secret.startsWith(PREFIX) || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return 'must be "whsec_" and the base64 of 24 to 64 random bytes'
  }
  const size = keyOf(secret).length
  return size < 24 || size > 64 ? `must hold 24 to 64 random bytes after "whsec_"; this one holds ${size}` : null
}

const PREFIX = 'whsec_'

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64')
}
