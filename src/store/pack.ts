import { deflateSync, inflateSync } from 'node:zlib'

/** Texts shorter than this gain too little from compression to pay for it. */
const WORTH_IT = 1024
/** The first byte of a zlib stream; no JSON text begins with it. */
const ZLIB = 0x78

/** A JSON value to be stored: its text, or that compressed where it pays. */
export function pack(value: unknown): string | Buffer {
  const text = JSON.stringify(value)
  return text.length < WORTH_IT ? text : deflateSync(text, { level: 3 })
}

/** The value that `pack` was given, from what the database returns. */
export function unpack(stored: string | Buffer): unknown {
  if (typeof stored === 'string') return JSON.parse(stored)
  return JSON.parse((stored[0] === ZLIB ? inflateSync(stored) : stored).toString())
}
