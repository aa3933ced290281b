import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import type { HttpRequest, HttpResponse } from '../net.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { cut } from './content/clean.ts'
import { type Comments, commentsOf, PAGE } from './git/api.ts'
import { commentText, MOST } from './git/comment.ts'
import { gitFailure } from './git/failure.ts'
import { type GitSettings, gitSettings, platformOf } from './git/settings.ts'
import { answerText, requestOnce } from './http.ts'
import { shortHash } from './http-settings.ts'

const DAY = 86_400_000

export const git = {
  kind: 'git',
  label: 'GitHub or GitLab comment',
  documentation: 'https://docs.github.com/rest/issues/comments',
  settings: gitSettings,
  limits: { body: MOST, pace: { perSecond: 1, burst: 1 }, inFlight: 1, retries: 'chat' },
  idempotent: false,
  destination(settings: GitSettings): string {
    const { apiUrl, token } = settings
    const platform = platformOf(settings)
    const host = apiUrl !== undefined && URL.canParse(apiUrl) ? new URL(apiUrl).origin : `${platform}.com`
    // Limits count for each token.
    return `${platform} ${host}#${shortHash(token)}`
  },
  valueForm: () => 'markdown' as const,
  render(message: Message): string {
    // Nobody but Tocsin writes its markers.
    return message.body === undefined
      ? commentText(message)
      : cut(message.body.text.replaceAll('<!-- tocsin:', '<!-- '), MOST)
  },
  async send(text: string, settings: GitSettings, context: SendContext): Promise<Receipt> {
    const comments = commentsOf(settings)
    const body = `${text}\n\n<!-- ${markerOf(context)} -->`
    const id = settings.comment === 'update' ? earlierComment(comments, context.previous) : null
    let response = await ask(id === null ? comments.create(body) : comments.update(id, body), context)
    // Somebody has removed the first comment.
    if (id !== null && (response.status === 404 || response.status === 410))
      response = await ask(comments.create(body), context)
    const failure = gitFailure(response, context.now)
    if (failure !== null) throw failure
    return receiptOf(comments, response.status, readJson(response.body), answerText(response))
  },
  async probe(settings: GitSettings, context: SendContext): Promise<Receipt | 'notSent' | 'unknown'> {
    const comments = commentsOf(settings)
    const response = await ask(comments.recent(context.now - 2 * DAY), context)
    const failure = gitFailure(response, context.now)
    if (failure !== null && failure.outcome !== 'rejected') throw failure
    const list = failure === null ? readJson(response.body) : undefined
    if (!Array.isArray(list)) return 'unknown'
    const found = list.find((comment) => String(comment?.body ?? '').includes(markerOf(context)))
    if (found !== undefined) return receiptOf(comments, response.status, found, 'found')
    return list.length < PAGE ? 'notSent' : 'unknown'
  },
} satisfies Channel<typeof gitSettings, string>

/** Stands hidden in the comment, and tells it from every other. */
function markerOf({ deliveryId }: SendContext): string {
  return `tocsin:${deliveryId}`
}

function ask(request: Omit<HttpRequest, 'signal'>, { http, signal }: SendContext): Promise<HttpResponse> {
  return requestOnce(http, { ...request, signal })
}

/** The id of the alert's first comment, if it is one of these. */
function earlierComment({ place }: Comments, previous: JsonObject | undefined): string | null {
  const { comment, at } = previous ?? {}
  return typeof comment === 'string' && at === place ? comment : null
}

function receiptOf({ place }: Comments, status: number, comment: unknown, answer: string): Receipt {
  if (typeof comment !== 'object' || comment === null || !('id' in comment)) return { response: answer }
  const { id } = comment
  if (typeof id !== 'number') return { response: answer }
  const url = 'html_url' in comment && typeof comment.html_url === 'string' ? comment.html_url : `comment ${id}`
  return { response: `${status} ${url}`, reference: { comment: String(id), at: place } }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
