import type { MlrunKind } from '../../model/mlrun.ts'

/** Parameters that hold no secret, by kind. All others, also those no kind knows, are kept and shown as secrets are. */
export const openParams: Record<MlrunKind, readonly string[]> = {
  console: [],
  ipython: [],
  slack: [],
  git: ['repo', 'issue', 'merge_request', 'server', 'gitlab'],
  mail: [
    'server_host',
    'server_port',
    'sender_address',
    'username',
    'email_addresses',
    'default_email_addresses',
    'use_tls',
    'start_tls',
    'validate_certs',
    'message_body_override',
    'subject',
    'body',
  ],
  webhook: ['method', 'override_body', 'verify_ssl'],
}

/** Parameters that say where the others are sent, and how well they are guarded on the way. */
export const placeParams: Record<MlrunKind, readonly string[]> = {
  console: [],
  ipython: [],
  slack: [],
  git: ['server', 'gitlab'],
  mail: ['server_host', 'server_port', 'use_tls', 'start_tls', 'validate_certs'],
  webhook: ['url', 'verify_ssl'],
}
