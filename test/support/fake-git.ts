import { type Receiver, type Reply, startReceiver } from './receiver.ts'

/** A comment as the platform keeps it. */
export interface Comment {
  id: number
  body: string
}

/** A GitHub or GitLab that knows one issue, 7 of `acme/models`, and one token, `canary-token`. */
export interface FakeGit {
  url: string
  comments: Comment[]
  receiver: Receiver
  /** What happens to the next request instead of an answer, or after it was done (`late`). */
  next(reply: Reply, late?: 'late'): void
  close(): Promise<void>
}

/** By the platforms' own descriptions of their comments, errors included. */
export async function startFakeGit(platform: 'github' | 'gitlab'): Promise<FakeGit> {
  const receiver = await startReceiver()
  const comments: Comment[] = []
  const plans: { reply: Reply; isLate: boolean }[] = []
  let lastId = 100

  const shape = platform === 'github' ? githubShape : gitlabShape
  function answer(method: string, path: string, headers: Record<string, string>, body: string): Reply {
    const json = (status: number, value: unknown): Reply => ({
      status,
      headers: { 'content-type': 'application/json' },
      // GitLab escapes brackets in its JSON.
      body: JSON.stringify(value).replace(/[<>]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    })
    if (!shape.isKnown(headers)) return json(401, { message: 'Bad credentials' })
    const [place = '', query = ''] = path.split('?')
    const id = shape.idOf(place)
    if (place !== shape.place && id === null) return json(404, { message: 'Not Found' })
    if (method === 'GET') {
      const size = Number(new URLSearchParams(query).get('per_page'))
      return json(200, comments.slice(0, size))
    }
    const text = String(JSON.parse(body).body)
    if (text.length > 65_536) return json(422, { message: 'Validation Failed', errors: ['Body is too long'] })
    if (method === 'POST' && id === null) {
      lastId += 1
      comments.push({ id: lastId, body: text })
      return json(201, { id: lastId, body: text, ...shape.more(lastId) })
    }
    const known = comments.find((comment) => comment.id === id)
    if (method !== shape.edit || known === undefined) return json(404, { message: 'Not Found' })
    known.body = text
    return json(200, { ...known, ...shape.more(known.id) })
  }

  receiver.reply(({ method, path, headers, body }) => {
    const plan = plans.shift()
    if (plan !== undefined && !plan.isLate) return plan.reply
    const usual = answer(method, path, headers, body)
    return plan?.reply ?? usual
  })
  return {
    url: receiver.url,
    comments,
    receiver,
    next: (reply, late) => void plans.push({ reply, isLate: late === 'late' }),
    close: receiver.close,
  }
}

const githubShape = {
  place: '/repos/acme/models/issues/7/comments',
  edit: 'PATCH',
  isKnown: (headers: Record<string, string>) =>
    headers['authorization'] === 'Bearer canary-token' && headers['user-agent'] !== undefined,
  idOf: (path: string) => numberIn(/^\/repos\/acme\/models\/issues\/comments\/(\d+)$/.exec(path)),
  more: (id: number) => ({ html_url: `https://github.example/acme/models/issues/7#issuecomment-${id}` }),
}
const gitlabShape = {
  place: '/api/v4/projects/acme%2Fmodels/merge_requests/7/notes',
  edit: 'PUT',
  isKnown: (headers: Record<string, string>) => headers['private-token'] === 'canary-token',
  idOf: (path: string) => numberIn(/^\/api\/v4\/projects\/acme%2Fmodels\/merge_requests\/7\/notes\/(\d+)$/.exec(path)),
  more: () => ({ noteable_type: 'MergeRequest' }),
}

function numberIn(found: RegExpExecArray | null): number | null {
  return found === null ? null : Number(found[1])
}
