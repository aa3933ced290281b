import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { httpEntries } from '../http-settings.ts'

export const platforms = ['github', 'gitlab'] as const
export type Platform = (typeof platforms)[number]

const number = (what: string) =>
  v.pipe(
    v.union([v.string(), v.number()], 'must be a number such as 42'),
    v.transform(String),
    v.regex(/^[1-9]\d{0,9}$/, `must be the number of ${what}, such as 42`),
  )

/** Which issue, merge request or pull request is commented on, and how. */
export const gitSettings = v.pipe(
  v.strictObject({
    platform: v.pipe(
      v.optional(v.picklist(platforms, `must be one of ${platforms.join(', ')}`)),
      field({ title: 'Platform', hint: 'GitLab where the address names it, else GitHub, unless it is said here.' }),
    ),
    apiUrl: v.pipe(
      v.optional(
        v.pipe(
          v.string('must be text'),
          v.maxLength(2000, 'must be at most 2000 characters'),
          v.check(isAddress, 'must be an address that begins with https:// or http://, without a query'),
          v.check(
            (url) => !/^https?:\/\/(www\.)?github\.com\b/i.test(url),
            "is the site's address; the API is at https://api.github.com, which may be left out",
          ),
        ),
      ),
      field({
        title: 'Address of the API',
        hint: 'Of the API of GitHub Enterprise (https://HOST/api/v3) or of your own GitLab (https://HOST).',
      }),
    ),
    token: v.pipe(
      v.string('must be text'),
      v.regex(/^[\x21-\x7e]{1,1000}$/, 'must be a token without spaces'),
      field({
        title: 'Access token',
        hint: 'GitHub: fine-grained, with Issues and Pull requests: write. GitLab: scope api, role Reporter or higher.',
        secret: true,
      }),
    ),
    repository: v.pipe(
      v.string('must be text'),
      v.regex(
        /^(?!.*(^|\/)\.{1,2}(\/|$))[\w.-]+(\/[\w.-]+){0,20}$/,
        'must be owner/name, or for GitLab also group/subgroup/name or the number of the project',
      ),
      field({ title: 'Repository', hint: 'Such as acme/models.' }),
    ),
    issue: v.pipe(
      v.optional(number('an issue')),
      field({ title: 'Issue', hint: 'Its number. On GitHub the number of a pull request does too.' }),
    ),
    mergeRequest: v.pipe(
      v.optional(number('a merge request or pull request')),
      field({ title: 'Merge request or pull request', hint: 'Its number; on GitLab it goes before the issue.' }),
    ),
    comment: v.pipe(
      v.optional(v.picklist(['new', 'update'], 'must be new or update'), 'new'),
      field({
        title: 'Later messages of an alert',
        hint: '"new" writes a comment for each; "update" changes the first one of the alert.',
      }),
    ),
    ...httpEntries,
  }),
  v.forward(
    v.check(
      ({ issue, mergeRequest }) => issue !== undefined || mergeRequest !== undefined,
      'is missing: name an issue, or a merge request or pull request',
    ),
    ['issue'],
  ),
  v.forward(
    v.check(
      (given) => platformOf(given) === 'gitlab' || /^[^/]+\/[^/]+$/.test(given.repository),
      'must be owner/name on GitHub',
    ),
    ['repository'],
  ),
)

export type GitSettings = v.InferOutput<typeof gitSettings>

/** The platform that is said, or that the address shows, as MLRun tells them apart. */
export function platformOf(given: { platform?: Platform | undefined; apiUrl?: string | undefined }): Platform {
  const { platform, apiUrl = '' } = given
  return platform ?? (/gitlab/i.test(apiUrl) ? 'gitlab' : 'github')
}

function isAddress(text: string): boolean {
  return /^https?:\/\/[^?#]+$/i.test(text) && URL.canParse(text)
}
