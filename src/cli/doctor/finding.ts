import { messageOf } from '../../errors.ts'

/** One thing that was looked at. `fail` keeps the daemon from its work, `warn` may one day. */
export interface Finding {
  about: string
  level: 'ok' | 'warn' | 'fail'
  text: string
  /** What to do; absent where there is nothing to do. */
  remedy?: string
}

export const ok = (about: string, text: string): Finding => ({ about, level: 'ok', text })
export const warn = (about: string, text: string, remedy: string): Finding => ({ about, level: 'warn', text, remedy })
export const fail = (about: string, text: string, remedy: string): Finding => ({ about, level: 'fail', text, remedy })

/** What a look found; one that throws found that. */
export async function look(
  about: string,
  remedy: string,
  find: () => Finding[] | Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await find()
  } catch (thrown) {
    return [fail(about, messageOf(thrown), remedy)]
  }
}
