/** One thing that is wrong with what was sent: the field's path, and what to do. */
export interface Issue {
  path: string
  message: string
}

/** A request that was refused, in the API's own words, or that did not arrive (`code` is `unreachable`). */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly issues: readonly Issue[]

  constructor(code: string, message: string, issues: readonly Issue[] = []) {
    super(message)
    this.code = code
    this.issues = issues
  }
}

/** The project whose things are shown. */
let project = 'default'
let onSignedOut = () => {}

/** Says whose things are asked for, and what to do when the session has ended. */
export function configure(options: { project: string; onSignedOut: () => void }): void {
  project = options.project
  onSignedOut = options.onSignedOut
}

/** The address of something of the project. */
export function address(path: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}${path}`
}

/** An address made of parts that may hold any character. */
export function pathOf(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`
}

/** Calls the API for something of the project. Throws `Refusal`. */
export const call = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  request<T>(method, address(path), body, () => onSignedOut())

/** The same for the session itself. */
export const session = <T>(method: string, body?: unknown): Promise<T> => request<T>(method, '/api/v1/session', body)

/** Names of the projects that one may see. */
export const projects = (): Promise<string[]> =>
  request<{ items: string[] }>('GET', '/api/v1/projects', undefined).then(({ items }) => items)

async function request<T>(method: string, url: string, body: unknown, signedOut = () => {}): Promise<T> {
  const headers: Record<string, string> = { 'X-Tocsin-Console': '1', Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(url, init).catch(() => {
    throw new Refusal('unreachable', 'Tocsin cannot be reached. Is it running, and is the network up?')
  })
  if (response.status === 204) return undefined as T
  const answer = await response.json().catch(() => null)
  if (response.ok) return answer as T
  if (response.status === 401) signedOut()
  throw new Refusal(answer?.code ?? 'internal', answer?.message ?? `The answer was ${response.status}.`, answer?.issues)
}

/** What went wrong, for people. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
