import type { Context } from 'hono'
import * as v from 'valibot'
import { AppError, invalid } from '../errors.ts'
import type { Caller } from '../manage/context.ts'
import type { TokenHolder } from '../manage/tokens.ts'
import { validate } from '../model/validate.ts'
import { parseJson } from './json.ts'
import type { Client } from './server.ts'

/** What the middleware leaves for the routes. */
export interface ApiEnv {
  Bindings: Client
  Variables: { holder: TokenHolder; caller: Caller }
}

export type ApiContext = Context<ApiEnv>

const MEGABYTE = 1024 * 1024
/** The largest body of an ordinary request, and of an import, in bytes. */
const BODY_LIMIT = MEGABYTE
export const IMPORT_LIMIT = 10 * MEGABYTE

/** The JSON body of a request. Throws `unsupported`, `too-large` and `invalid`. */
export async function readJson(context: Context, limit = BODY_LIMIT): Promise<unknown> {
  return (await readJsonText(context, limit)).json
}

/** The JSON body of a request and its text, in which numbers are as they were written. Throws as `readJson` does. */
export async function readJsonText(context: Context, limit = BODY_LIMIT): Promise<{ json: unknown; text: string }> {
  checkType(context)
  const text = await readText(context, limit)
  if (text.trim() === '') throw invalid('', 'The body is empty; it must be a JSON object.')
  return { json: parseJson(text), text }
}

/** The JSON body of a request that may come without one; then an empty object. */
export async function readOptionalJson(context: Context): Promise<unknown> {
  const text = await readText(context, BODY_LIMIT)
  if (text.trim() === '') return {}
  checkType(context)
  return parseJson(text)
}

function checkType(context: Context): void {
  const type = (context.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (type !== 'application/json')
    throw new AppError(
      'unsupported',
      `The body must be JSON: send it with "Content-Type: application/json"${type === '' ? '' : `, not "${type}"`}.`,
    )
}

/** The text of a body of at most `limit` bytes. Throws `too-large`, and `invalid` when it is not UTF-8. */
export async function readText(context: Context, limit: number): Promise<string> {
  const tooLarge = () =>
    new AppError('too-large', `The body is larger than ${limit / MEGABYTE} MB. Send less at a time.`)
  const length = Number(context.req.header('content-length') ?? Number.NaN)
  if (length > limit) throw tooLarge()
  const body = context.req.raw
  // A body whose length is told is read in one piece.
  const bytes = length <= limit ? new Uint8Array(await body.arrayBuffer()) : await readChunks(body, limit, tooLarge)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('', 'The body is not UTF-8 text.')
  }
}

async function readChunks(request: Request, limit: number, tooLarge: () => AppError): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The query of a request: every parameter once, unknown ones refused. Throws `invalid`. */
export function readQuery<Entries extends v.ObjectEntries>(
  context: Context,
  entries: Entries,
): v.InferOutput<v.StrictObjectSchema<Entries, undefined>> {
  const given: Record<string, string> = {}
  for (const [key, values] of Object.entries(context.req.queries())) {
    if (values.length > 1) throw invalid(key, 'is given more than once')
    given[key] = values[0] ?? ''
  }
  return validate(v.strictObject(entries), given)
}

const LIMIT = 'must be a whole number from 1 to 500'

/** Parameters of every list: how many to answer with, and where the page before ended. */
export const page = {
  limit: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,4}$/, LIMIT), v.transform(Number), v.minValue(1, LIMIT), v.maxValue(500, LIMIT)),
    '100',
  ),
  after: v.optional(v.pipe(v.string(), v.maxLength(500))),
}

/** A time in a query: ms since 1970 or ISO 8601. */
export const time = v.pipe(
  v.string(),
  v.transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text))),
  v.number('must be a time such as 2026-01-31T12:00:00Z, or ms since 1970'),
)

/** A switch in a query. */
export const flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'must be true or false'),
    v.transform((text) => text === 'true'),
  ),
  'false',
)

/** A page of a list; `next` goes into `after` of the following request and is null on the last page. */
export function pageOf<Item>(items: Item[], limit: number, cursor: (last: Item) => string) {
  const last = items.length === limit ? items.at(-1) : undefined
  return { items, next: last === undefined ? null : cursor(last) }
}

/** A part of the path. */
export function pathPart(context: Context, name: string): string {
  return context.req.param(name) ?? ''
}
