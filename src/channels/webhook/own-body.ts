import type { RenderedBody } from '../../model/message.ts'
import { cut } from '../content/clean.ts'
import { largest } from '../content/fit.ts'
import { htmlText } from '../content/html-text.ts'
import type { Preset } from './presets/preset.ts'

const JSON_TYPE = 'application/json'

/**
 * The body that a rule gives, in a form that the preset's receiver takes: JSON goes as it is, but for a topic it does not
 * name; other text becomes the text of a message, since such receivers refuse anything that is no JSON.
 */
export function ownBody(body: RenderedBody, preset: Preset | undefined, topic: string): RenderedBody {
  const { text, contentType } = body
  if (preset?.own === undefined) return body
  const named = topic === '' ? {} : { topic }
  if (contentType === JSON_TYPE) {
    const value: unknown = JSON.parse(text)
    const isWhole = topic === '' || typeof value !== 'object' || value === null || Array.isArray(value)
    return isWhole || 'topic' in value ? body : { text: JSON.stringify({ ...named, ...value }), contentType }
  }
  const plain = contentType === 'text/html' ? htmlText(text) : text
  return { text: JSON.stringify({ ...named, [preset.own.key]: shortened(plain, preset.own) }), contentType: JSON_TYPE }
}

function shortened(text: string, { most, unit }: NonNullable<Preset['own']>): string {
  if (unit === 'characters' || Buffer.byteLength(text) <= most) return cut(text, most)
  return cut(text, largest(most, (length) => Buffer.byteLength(cut(text, length)) <= most) ?? 1)
}
