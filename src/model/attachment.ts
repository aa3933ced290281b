import * as v from 'valibot'

const name = v.optional(
  v.pipe(
    v.string('must be text'),
    v.maxLength(200, 'must be at most 200 characters'),
    v.regex(/^[^/\\\p{Cc}]*$/u, 'must be a file name without folders'),
  ),
)

/** Forms in which the rows of a query go along. */
export const resultFormats = ['csv', 'xlsx', 'json', 'html'] as const
export type ResultFormat = (typeof resultFormats)[number]

/** A file that goes along with a message. */
export const attachmentWish = v.variant(
  'type',
  [
    v.strictObject({
      type: v.literal('result'),
      format: v.optional(v.picklist(resultFormats, `must be one of ${resultFormats.join(', ')}`), 'csv'),
      /** All rows of the query, or those of the alerts the message is about. */
      rows: v.optional(v.picklist(['all', 'alerts'], 'must be "all" or "alerts"'), 'all'),
      name,
    }),
    v.strictObject({
      type: v.literal('file'),
      path: v.pipe(v.string('must be text'), v.regex(/^(?:\/|[A-Za-z]:\\|.*\{[{%])/, 'must be a whole path')),
      name,
    }),
    v.strictObject({ type: v.literal('log'), name }),
  ],
  'must be {"type":"result","format":"csv"}, {"type":"file","path":"/…"} or {"type":"log"}',
)

export type AttachmentWish = v.InferOutput<typeof attachmentWish>

/** The files a message asks for. */
export const attachmentWishes = v.pipe(
  v.array(attachmentWish, 'must be a list such as [{"type":"result","format":"csv"}]'),
  v.maxLength(10, 'must be at most 10 files'),
)
