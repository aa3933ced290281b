import { messageOf } from '../errors.ts'
import { renderTemplate } from '../language/template.ts'
import { TemplateError } from '../language/template-error.ts'
import { parseVariables } from '../language/template-value.ts'

export interface RenderOptions {
  engine: string
  /** Path of a JSON file with an object of variables. */
  data: string
}

/** What the verb needs of the outside. */
export interface RenderIo {
  readFile(path: string): string
  print(line: string): void
  printError(line: string): void
  /** ms since 1970; what formulas call now() where the data does not say. */
  now(): number
}

/** Renders one template and prints its text, or the error on the error output. Gives the exit code. */
export async function runRender({ engine, data }: RenderOptions, template: string, io: RenderIo): Promise<number> {
  try {
    if (engine !== 'liquid' && engine !== 'jinja' && engine !== 'formula')
      throw new TemplateError(`--engine: must be "liquid", "jinja" or "formula", not "${engine}"`)
    const variables = readVariables(data, io)
    const now = engine === 'formula' ? { now: new Date(io.now()).toISOString() } : {}
    io.print(await renderTemplate(engine, template, { ...now, ...variables }))
    return 0
  } catch (thrown) {
    io.printError(messageOf(thrown))
    return 1
  }
}

function readVariables(path: string, io: RenderIo) {
  try {
    return parseVariables(io.readFile(path))
  } catch (thrown) {
    throw new TemplateError(`--data: ${path}: ${messageOf(thrown)}`)
  }
}
