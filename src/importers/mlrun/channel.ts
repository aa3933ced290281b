import type { Issue } from '../../errors.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { MlrunKind } from '../../model/mlrun.ts'
import { mailParameters, readMailParams } from './mail.ts'
import { wrongTypes } from './param-types.ts'

/** What MLRun looks at besides the parameters: the environment of a CI job, and GitHub's event of it. */
export interface MlrunSurroundings {
  environment?: Readonly<Record<string, string | undefined>>
  /** The content of the file that GITHUB_EVENT_PATH names. */
  event?: JsonObject
}

/** What the parameters of a notification become. */
export interface MlrunReading {
  /** null for a kind that does nothing here, and where something is wrong. */
  channel: { kind: string; settings: JsonObject } | null
  warnings: string[]
  /** What is wrong, in MLRun's words where it has them. */
  issues: Issue[]
}

/**
 * Reads the parameters of an MLRun notification, `params` laid over `secret_params`, as a channel. Console and git know
 * defaults from their surroundings; what is not known is warned of.
 */
export function readMlrunChannel(kind: MlrunKind, params: JsonObject, around: MlrunSurroundings = {}): MlrunReading {
  const wrong = wrongTypes(kind, params)
  if (wrong.length > 0) return { channel: null, warnings: [], issues: wrong }
  const notes: Notes = { warnings: [], issues: [] }
  const settings = readers[kind](params, notes, around)
  for (const name of Object.keys(params))
    if (!known[kind].includes(name)) notes.warnings.push(`${name}: is no parameter of the kind ${kind} and is ignored`)
  const isUsable = settings !== null && notes.issues.length === 0
  return { channel: isUsable ? { kind, settings: present(settings) } : null, ...notes }
}

interface Notes {
  warnings: string[]
  issues: Issue[]
}

type Found = Record<string, Json | undefined>

const known: Record<MlrunKind, readonly string[]> = {
  console: [],
  ipython: [],
  slack: ['webhook'],
  git: ['repo', 'issue', 'merge_request', 'token', 'GIT_TOKEN', 'GITHUB_TOKEN', 'server', 'gitlab'],
  mail: mailParameters,
  webhook: ['url', 'method', 'headers', 'override_body', 'verify_ssl'],
}

const readers: Record<MlrunKind, (params: JsonObject, notes: Notes, around: MlrunSurroundings) => Found | null> = {
  console: () => ({}),
  ipython(_params, { warnings }) {
    warnings.push('kind: ipython shows messages in a notebook; it is kept and does nothing here')
    return null
  },
  slack({ webhook }, notes, { environment = {} }) {
    const webhookUrl = webhook ?? environment['SLACK_WEBHOOK']
    required('webhook', webhookUrl, 'SlackNotification', notes)
    return { mode: 'webhook', webhookUrl }
  },
  git: readGit,
  mail: readMail,
  webhook: readWebhook,
}

/** MLRun takes GitLab where it is said, where a GitLab job runs, and where the server's name has the word in it. */
function readGit(params: JsonObject, notes: Notes, { environment = {}, event }: MlrunSurroundings): Found {
  const { repo, issue, merge_request: mergeRequest, server, gitlab } = params
  const isGitlab = gitlab === true || environment['CI_PROJECT_ID'] !== undefined || /gitlab/.test(textOf(server))
  const found = {
    repository: repo ?? environment['CI_PROJECT_ID'] ?? environment['GITHUB_REPOSITORY'],
    issue: issue ?? (isGitlab ? environment['CI_ISSUE_IID'] : undefined),
    mergeRequest: mergeRequest ?? (isGitlab ? environment['CI_MERGE_REQUEST_IID'] : event?.['number']),
    token:
      params['token'] ??
      params['GIT_TOKEN'] ??
      params['GITHUB_TOKEN'] ??
      environment['GITHUB_TOKEN'] ??
      environment['GIT_TOKEN'],
  }
  required('repo', found.repository, 'GitNotification', notes)
  required('token', found.token, 'GitNotification', notes)
  if (isMissing(found.issue) && isMissing(found.mergeRequest))
    notes.issues.push({
      path: 'issue',
      message: "At least one of 'issue' or 'merge_request' is required for GitNotification",
    })
  return { ...found, platform: isGitlab ? 'gitlab' : 'github', apiUrl: addressOf(server) }
}

function readMail(params: JsonObject, notes: Notes): Found {
  const { settings, warnings, issues } = readMailParams(params)
  notes.warnings.push(...warnings)
  notes.issues.push(...issues)
  return settings
}

function readWebhook(params: JsonObject, notes: Notes): Found {
  const { url, method = 'post', headers, override_body: overrideBody, verify_ssl: verify } = params
  required('url', url, 'WebhookNotification', notes)
  const verb = textOf(method).toUpperCase()
  if (!METHODS.includes(verb))
    notes.issues.push({ path: 'method', message: `must be one of ${METHODS.join(', ')}, not ${textOf(method)}` })
  if (overrideBody === true || typeof overrideBody === 'number')
    notes.issues.push({ path: 'override_body', message: 'must be an object, a list or text' })
  // MLRun sends an empty one as if there were none, and does not check what is not encrypted.
  const isEmpty = !overrideBody || (typeof overrideBody === 'object' && Object.keys(overrideBody).length === 0)
  const isUnchecked = verify === false && /^https:/i.test(textOf(url))
  return {
    url,
    method: verb,
    headers: headers === null ? undefined : headers,
    overrideBody: isEmpty ? undefined : overrideBody,
    verifyCertificate: isUnchecked ? false : undefined,
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

function required(name: string, value: Json | undefined, owner: string, { issues }: Notes): void {
  if (isMissing(value)) issues.push({ path: name, message: `Parameter '${name}' is required for ${owner}` })
}

function isMissing(value: Json | undefined): boolean {
  return value === undefined || value === null || value === ''
}

/** MLRun's `server` is a host, with a path at most, and always reached over HTTPS. */
function addressOf(server: Json | undefined): string | undefined {
  const host = textOf(server).replace(/\/+$/, '')
  if (host === '' || host === 'api.github.com' || host === 'gitlab.com') return undefined
  return /^https?:\/\//.test(host) ? host : `https://${host}`
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function present(settings: Found): JsonObject {
  const given = Object.entries(settings).filter((entry): entry is [string, Json] => {
    return entry[1] !== undefined && entry[1] !== null
  })
  return Object.fromEntries(given)
}
