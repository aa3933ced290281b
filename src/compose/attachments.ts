import * as v from 'valibot'
import { messageOf } from '../errors.ts'
import { type AttachmentWish, attachmentWish } from '../model/attachment.ts'
import type { Json } from '../model/json.ts'
import type { Attachment, Message } from '../model/message.ts'
import type { QueryResult } from '../model/result.ts'
import { resultFile } from './attachments/result.ts'
import { oneLine } from './words.ts'

/** Reads a file that may go along: at most so many bytes. Throws with the reason and the remedy. */
export type ReadFile = (path: string, most: number) => Promise<Uint8Array>

/** What the operator allows. */
export interface AttachmentLimits {
  readFile: ReadFile
  /** Bytes of all files of a message together. */
  most: number
}

export interface AttachmentSources extends AttachmentLimits {
  result: QueryResult | null
  /** Indexes of the rows of the message's alerts. */
  rows: readonly number[]
}

/** Names of files that are left out in the list of reasons. */
const LONGEST_REASON = 500

/**
 * The files that a setting asks for, and why some are left out: too large together, not to be read, or nothing to make
 * them from. A message goes out without them rather than not at all.
 */
export async function attachmentsOf(
  wishes: Json,
  message: Pick<Message, 'rule' | 'code'>,
  sources: AttachmentSources,
): Promise<{ files: Attachment[]; notes: string[] }> {
  const files: Attachment[] = []
  const notes: string[] = []
  let left = sources.most
  for (const given of Array.isArray(wishes) ? wishes : []) {
    const wish = v.safeParse(attachmentWish, given)
    if (!wish.success) continue
    try {
      const made = await fileOf(wish.output, message, sources, left)
      if (made === null) continue
      const { content, note, ...rest } = made
      if (content.length > left) throw new Error(tooLarge(made.name, content.length, sources.most))
      left -= content.length
      files.push({ ...rest, content: Buffer.from(content).toString('base64') })
      if (note !== undefined) notes.push(note)
    } catch (thrown) {
      notes.push(oneLine(`Left out: ${messageOf(thrown)}`, LONGEST_REASON))
    }
  }
  return { files, notes }
}

interface MadeFile extends Omit<Attachment, 'content'> {
  content: Uint8Array
  note?: string
}

async function fileOf(
  wish: AttachmentWish,
  { rule, code }: Pick<Message, 'rule' | 'code'>,
  { result, rows, readFile }: AttachmentSources,
  left: number,
): Promise<MadeFile | null> {
  if (wish.type === 'file') {
    const name = wish.name ?? baseName(wish.path)
    return { name, contentType: contentTypeOf(name), content: await readFile(wish.path, left) }
  }
  if (wish.type === 'log') {
    if (code === undefined || code === '') return null
    return { name: wish.name ?? 'run.log', contentType: 'text/plain', content: new TextEncoder().encode(code) }
  }
  if (result === null) return null
  const wanted = wish.rows === 'all' ? result : { ...result, rows: rows.flatMap((index) => [result.rows[index] ?? []]) }
  const made = await resultFile(wish.format, wanted, rule)
  const name = wish.name ?? `${slug(rule)}.${wish.format}`
  if (!result.truncated) return { name, ...made }
  return { name, ...made, note: `${name} holds the first ${result.rows.length} rows; the query has more.` }
}

/** Why a file does not go along, in bytes as people read them. */
export function tooLarge(name: string, size: number, most: number): string {
  return `${name} would bring the files to more than ${sizeWords(most)} (it has ${sizeWords(size)} itself).`
}

function sizeWords(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

function baseName(path: string): string {
  return oneLine(path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1), 200)
}

function slug(rule: string): string {
  const text = rule
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return text === '' ? 'rows' : text.toLowerCase()
}

const contentTypes: Record<string, string> = {
  csv: 'text/csv',
  gz: 'application/gzip',
  html: 'text/html',
  jpg: 'image/jpeg',
  json: 'application/json',
  log: 'text/plain',
  pdf: 'application/pdf',
  png: 'image/png',
  txt: 'text/plain',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  zip: 'application/zip',
}

function contentTypeOf(name: string): string {
  return contentTypes[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream'
}
