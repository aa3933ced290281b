import { afterEach, describe, expect, test } from 'bun:test'
import { openApi } from '../../src/cli/api.ts'
import { AppError } from '../../src/errors.ts'

let server: ReturnType<typeof Bun.serve> | undefined
afterEach(async () => {
  await server?.stop(true)
  server = undefined
})

const terminal = { env: { TOCSIN_TOKEN: 'tcs_x' }, signal: new AbortController().signal }

function daemon(answer: (request: Request) => Response | Promise<Response>): string {
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  return server.url.href
}

async function failure(url: string): Promise<AppError> {
  const thrown: unknown = await openApi(terminal, { url })
    .get('/rules/x')
    .catch((error: unknown) => error)
  if (!(thrown instanceof AppError)) throw new Error('it did not fail as expected')
  return thrown
}

describe('the client of the API', () => {
  test('speaks to the project with the token and JSON', async () => {
    const url = daemon(async (request) =>
      Response.json({
        path: new URL(request.url).pathname,
        token: request.headers.get('authorization'),
        type: request.headers.get('content-type'),
        body: await request.text(),
      }),
    )
    const door = { url, project: 'a/b' }
    expect(await openApi(terminal, door).post<unknown>('/rules', { name: 'x' })).toEqual({
      path: '/api/v1/projects/a%2Fb/rules',
      token: 'Bearer tcs_x',
      type: 'application/json',
      body: '{"name":"x"}',
    })
    expect(await openApi(terminal, { ...door, token: 'tcs_y' }).get<unknown>('/rules')).toMatchObject({
      token: 'Bearer tcs_y',
      type: null,
    })
  })

  test("the daemon's own words are passed on", async () => {
    const body = { code: 'not-found', message: 'There is no rule "x".', issues: [{ path: 'a', message: 'b' }] }
    expect(await failure(daemon(() => Response.json(body, { status: 404 })))).toMatchObject(body)
  })

  test('an answer of something else is told as such', async () => {
    const error = await failure(daemon(() => new Response('<html>', { status: 502 })))
    expect(error.message).toBe('The daemon answered 502 without an explanation. Is --url right?')
  })

  test('without a token or a daemon it says how to get one', async () => {
    expect(() => openApi({ ...terminal, env: {} }, { url: 'http://127.0.0.1:1' })).toThrow(
      '"tocsin token create" makes one',
    )
    const url = daemon(() => new Response())
    await server?.stop(true)
    expect((await failure(url)).message).toContain('Start it with "tocsin serve"')
  })
})
