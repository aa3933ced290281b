import { AppError, type ErrorCode, errorStatus, type Issue, messageOf } from '../errors.ts'
import type { Terminal } from './terminal.ts'

/** Where the daemon is and as whom to speak to it. */
export interface Door {
  url: string
  /** undefined: TOCSIN_TOKEN. */
  token?: string | undefined
  project?: string | undefined
}

/** The daemon's API, for verbs that work on a running daemon. Its failures come back as `AppError`. */
export interface Api {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  /** Reads what belongs to no project. */
  instance<T>(path: string): Promise<T>
}

/** Paths are relative to the project, such as `/rules/nightly`. */
export function openApi(terminal: Pick<Terminal, 'env' | 'signal'>, door: Door): Api {
  const token = door.token ?? terminal.env['TOCSIN_TOKEN']
  if (token === undefined)
    throw new AppError(
      'unauthenticated',
      'A token of the API is needed: give it with --token or TOCSIN_TOKEN. "tocsin token create" makes one.',
    )
  const root = new URL('/api/v1', door.url).href
  const base = `${root}/projects/${encodeURIComponent(door.project ?? 'default')}`

  async function call<T>(method: string, url: string, body?: unknown): Promise<T> {
    const response = await reach(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: terminal.signal,
    })
    const answer: unknown = await response.json().catch(() => null)
    if (response.ok) return answer as T
    throw failure(response.status, answer)
  }

  async function reach(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init)
    } catch (thrown) {
      throw new AppError(
        'unavailable',
        `The daemon at ${door.url} cannot be reached (${messageOf(thrown)}). Start it with "tocsin serve", or say where it is with --url or TOCSIN_URL.`,
      )
    }
  }

  return {
    get: (path) => call('GET', base + path),
    post: (path, body) => call('POST', base + path, body),
    instance: (path) => call('GET', root + path),
  }
}

/** A part of a path, from a name as people write it. */
export const part = encodeURIComponent

function failure(status: number, answer: unknown): AppError {
  const { code, message, issues } = (answer ?? {}) as { code?: string; message?: string; issues?: Issue[] }
  if (code === undefined || message === undefined || !(code in errorStatus))
    return new AppError('unavailable', `The daemon answered ${status} without an explanation. Is --url right?`)
  return new AppError(code as ErrorCode, message, issues ?? [])
}
