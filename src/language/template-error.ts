/** A template that cannot be read or rendered. The message is for people and names the line where it is known. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  /** From 1; null where it is not known. */
  readonly line: number | null

  constructor(message: string, line: number | null = null) {
    super(line === null ? message : `line ${line}: ${message}`)
    this.line = line
  }
}
