import type { Issue } from '../../errors.ts'
import type { JsonObject } from '../../model/json.ts'

/** A change of one field that would mend what is wrong with it. */
export interface Fix {
  field: string
  value: string
  message: string
}

/** A template that was written in Freemarker. */
export interface ConvertedTemplate {
  field: string
  original: string
  /** What is stored in its place; null when it cannot be converted. */
  liquid: string | null
}

/** What there is to say of an object that is read. */
export interface Notes {
  warnings: string[]
  fixes: Fix[]
  templates: ConvertedTemplate[]
  /** What is wrong, by field; empty when it can be stored. */
  issues: Issue[]
}

/** A text of an object; empty when it is absent. Anything else is an issue. */
export function textOf(object: JsonObject, key: string, { issues }: Pick<Notes, 'issues'>, path = key): string {
  const value = object[key] ?? ''
  if (typeof value === 'string') return value
  issues.push({ path, message: 'must be text' })
  return ''
}
