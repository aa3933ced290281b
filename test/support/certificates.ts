import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Certificates for tests, valid for a hundred years: `ca` signed `localhost` (also 127.0.0.1 and ::1) and `wrong-host`
 * (elsewhere.example); `other-ca` signed neither; `expired` is its own authority and ended in 2020.
 */
export type CertificateFile =
  | 'ca.pem'
  | 'other-ca.pem'
  | 'localhost.pem'
  | 'localhost.key'
  | 'wrong-host.pem'
  | 'wrong-host.key'
  | 'expired.pem'
  | 'expired.key'

/** The PEM text of one of them. */
export function certificate(name: CertificateFile): string {
  return readFileSync(certificatePath(name), 'utf8')
}

/** Its path. */
export function certificatePath(name: CertificateFile): string {
  return fileURLToPath(new URL(`certificates/${name}`, import.meta.url))
}
