import type { Issue } from '../../errors.ts'
import type { JsonObject } from '../../model/json.ts'
import type { MlrunKind } from '../../model/mlrun.ts'

interface ParamTypes {
  /** MLRun's name for who takes the parameters. */
  owner: string
  texts: readonly string[]
  booleans: readonly string[]
}

const types: Record<MlrunKind, ParamTypes> = {
  console: { owner: 'ConsoleNotification', texts: [], booleans: [] },
  ipython: { owner: 'IPythonNotification', texts: [], booleans: [] },
  slack: { owner: 'SlackNotification', texts: ['webhook'], booleans: [] },
  git: {
    owner: 'GitNotification',
    texts: ['repo', 'token', 'GIT_TOKEN', 'GITHUB_TOKEN', 'server'],
    booleans: ['gitlab'],
  },
  mail: {
    owner: 'MailNotification',
    texts: ['server_host', 'sender_address', 'username', 'password', 'message_body_override'],
    booleans: [],
  },
  webhook: { owner: 'WebhookNotification', texts: ['url', 'method'], booleans: ['verify_ssl'] },
}

/** Parameters of another type than they must have, so that none is taken for one that was left out. */
export function wrongTypes(kind: MlrunKind, params: JsonObject): Issue[] {
  const { owner, texts, booleans } = types[kind]
  const wrong = (names: readonly string[], type: string, what: string): Issue[] =>
    names
      .filter((name) => params[name] !== undefined && params[name] !== null && typeof params[name] !== type)
      .map((name) => ({ path: name, message: `Parameter '${name}' must be ${what} for ${owner}` }))
  return [...wrong(texts, 'string', 'text'), ...wrong(booleans, 'boolean', 'a boolean')]
}

/** Which parameter a setting of a channel is read from, where their names differ. */
const sources: Record<string, string> = {
  webhookUrl: 'webhook',
  overrideBody: 'override_body',
  verifyCertificate: 'verify_ssl',
  repository: 'repo',
  apiUrl: 'server',
  mergeRequest: 'merge_request',
  host: 'server_host',
  port: 'server_port',
  tls: 'start_tls',
  verify: 'validate_certs',
  user: 'username',
  sender: 'sender_address',
  to: 'email_addresses',
  messageBodyOverride: 'message_body_override',
}

/** The path in the parameters of what is wrong at a path in the settings that were made of them. */
export function paramPath(path: string): string {
  const [setting = '', ...rest] = path.split('.')
  return [sources[setting] ?? setting, ...rest].join('.')
}
