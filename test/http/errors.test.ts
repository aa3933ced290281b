import { expect, test } from 'bun:test'
import { Hono } from 'hono'
import { AppError, type ErrorCode, errorStatus } from '../../src/errors.ts'
import { answerFailure, noRoute } from '../../src/http/errors.ts'

async function answer(thrown: unknown) {
  const defects: unknown[] = []
  const app = new Hono()
    .get('/things/:id', () => {
      throw thrown
    })
    .onError((failure, context) => answerFailure(context, failure, { defect: (fields) => defects.push(fields) }))
  const response = await app.request('/things/secret-name')
  return { status: response.status, body: await response.json(), headers: response.headers, defects }
}

test('every code has its status and the one shape', async () => {
  for (const [code, status] of Object.entries(errorStatus)) {
    const issues = [{ path: 'name', message: 'is missing' }]
    const { status: given, body, defects } = await answer(new AppError(code as ErrorCode, 'It failed.', issues))
    expect([given, body]).toEqual([status, { code, message: 'It failed.', issues }])
    expect(defects).toEqual([])
  }
})

test('an edit that came too late carries what is there now', async () => {
  const { body } = await answer(new AppError('conflict', 'Too late.', [], { version: 2 }))
  expect(body).toEqual({ code: 'conflict', message: 'Too late.', issues: [], current: { version: 2 } })
})

test('a missing token is told how to be given', async () => {
  const { headers } = await answer(new AppError('unauthenticated', 'No token.'))
  expect(headers.get('www-authenticate')).toBe('Bearer realm="tocsin"')
})

test('a defect is logged with its place, and nothing of it is shown', async () => {
  const thrown = new Error('relation "tokens" at /srv/app/store.ts')
  const { status, body, defects } = await answer(thrown)
  expect(status).toBe(500)
  expect(JSON.stringify(body)).not.toMatch(/tokens|srv/)
  expect(defects).toEqual([{ where: 'GET /things/:id', error: thrown }])
})

test('a request that leads nowhere is told where the routes are', async () => {
  const app = new Hono().notFound((context) => answerFailure(context, noRoute(context), { defect: () => {} }))
  const response = await app.request('/api/v1/nothing', { method: 'PUT' })
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('PUT /api/v1/nothing'),
  })
})
