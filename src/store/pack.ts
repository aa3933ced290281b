import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Texts shorter than this (bytes) gain too little from compression to pay for it. */
const WORTH_IT = 1024

const PLAIN = 0
const DEFLATED = 1

/** A JSON value as bytes: a mark, then the text, compressed where it pays. */
export function pack(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value))
  const body = text.length < WORTH_IT ? text : deflateRawSync(text, { level: 3 })
  return Buffer.concat([Buffer.from([text.length < WORTH_IT ? PLAIN : DEFLATED]), body])
}

/** The value that `pack` was given. */
export function unpack(bytes: Buffer): unknown {
  const body = bytes.subarray(1)
  return JSON.parse((bytes[0] === DEFLATED ? inflateRawSync(body) : body).toString())
}
