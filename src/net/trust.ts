import { getCACertificates, rootCertificates } from 'node:tls'

/** PEM of every authority that is trusted: the built-in ones, the system's, and `more`. */
export function trusted(more: readonly string[]): string[] {
  return [...new Set([...rootCertificates, ...systemAuthorities(), ...more])]
}

function systemAuthorities(): string[] {
  // Not every runtime has it; then SSL_CERT_FILE or tls.caFile name the system's store.
  try {
    return typeof getCACertificates === 'function' ? getCACertificates('system') : []
  } catch {
    return []
  }
}
