import type { Message } from '../../model/message.ts'
import { cleanLine } from './clean.ts'

/** What a message is called on one line; never empty. */
export function titleOf({ title, rule, kind }: Message): string {
  return [title, rule].map((text) => cleanLine(text).trim()).find((text) => text !== '') ?? kind
}

/** The line below the title: how bad it is, what it tells, the rule and its tags. */
export function labelOf({ severity, kind, rule, tags }: Message): string {
  const told = kind === 'firing' || kind === 'message' ? [] : [kind]
  return [severity.toUpperCase(), ...told, rule, ...tags]
    .map((word) => cleanLine(word).trim())
    .filter((word) => word !== '')
    .join(' · ')
}
