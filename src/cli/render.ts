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
}

/** Renders one template and prints its text, or the error on the error output. Gives the exit code. */
export async function runRender({ engine, data }: RenderOptions, template: string, io: RenderIo): Promise<number> {
  try {
    if (engine !== 'liquid' && engine !== 'jinja')
      throw new TemplateError(`--engine: must be "liquid" or "jinja", not "${engine}"`)
    io.print(await renderTemplate(engine, template, readVariables(data, io)))
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
