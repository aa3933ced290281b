import type { HttpRequest } from '../../net.ts'
import { reaching } from '../http-settings.ts'
import { type GitSettings, platformOf } from './settings.ts'

type Request = Omit<HttpRequest, 'signal'>

/** The requests about the comments of one issue, merge request or pull request. */
export interface Comments {
  /** Where its comments are; tells whether a comment is one of them. */
  place: string
  create(body: string): Request
  update(id: string, body: string): Request
  /** The hundred changed latest since a time, ms since 1970. */
  recent(since: number): Request
}

/** How many comments a page holds at the most. */
export const PAGE = 100

/** Bytes that a page of comments may take; each may be 64 kB long. */
const LONGEST_PAGE = 8 * 1024 * 1024

/** By https://docs.github.com/rest/issues/comments and https://docs.gitlab.com/api/notes. */
export function commentsOf(settings: GitSettings): Comments {
  return platformOf(settings) === 'github' ? github(settings) : gitlab(settings)
}

function github(settings: GitSettings): Comments {
  const { token, repository, issue, mergeRequest } = settings
  const repo = `${baseOf(settings, 'https://api.github.com')}/repos/${repository}/issues`
  const place = `${repo}/${issue ?? mergeRequest}/comments`
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
  }
  return {
    place,
    create: (body) => ({ ...withBody(settings, headers, body), method: 'POST', url: place }),
    update: (id, body) => ({ ...withBody(settings, headers, body), method: 'PATCH', url: `${repo}/comments/${id}` }),
    recent: (since) => ({
      ...reading(settings, headers),
      url: `${place}?since=${new Date(since).toISOString()}&per_page=${PAGE}`,
    }),
  }
}

function gitlab(settings: GitSettings): Comments {
  const { token, repository, issue, mergeRequest } = settings
  const api = `${baseOf(settings, 'https://gitlab.com').replace(/\/api\/v4$/, '')}/api/v4`
  const thing = mergeRequest === undefined ? `issues/${issue}` : `merge_requests/${mergeRequest}`
  const place = `${api}/projects/${encodeURIComponent(repository)}/${thing}/notes`
  const headers = { 'private-token': token }
  return {
    place,
    create: (body) => ({ ...withBody(settings, headers, body), method: 'POST', url: place }),
    update: (id, body) => ({ ...withBody(settings, headers, body), method: 'PUT', url: `${place}/${id}` }),
    recent: () => ({
      ...reading(settings, headers),
      url: `${place}?order_by=updated_at&sort=desc&per_page=${PAGE}`,
    }),
  }
}

function baseOf({ apiUrl }: GitSettings, usual: string): string {
  return (apiUrl ?? usual).replace(/\/+$/, '')
}

function withBody(settings: GitSettings, headers: Record<string, string>, body: string) {
  const json = { 'content-type': 'application/json; charset=utf-8' }
  return { headers: { ...headers, ...json }, body: JSON.stringify({ body }), ...reaching(settings) }
}

function reading(settings: GitSettings, headers: Record<string, string>) {
  return { method: 'GET', headers, mostBytes: LONGEST_PAGE, ...reaching(settings) }
}
