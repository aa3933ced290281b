import { channels } from '../channels/index.ts'
import type { Config } from '../config.ts'
import { invalid, messageOf } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { validate } from '../model/validate.ts'

/** What the instance gives for settings of mail that a channel leaves out. */
export interface InstanceMail {
  /** The same object until they are read again. */
  defaults(): JsonObject
  /** Reads them again. Throws `invalid`, and keeps those it had, when they cannot be used. */
  refresh(): void
}

/** Reads the defaults of mail from the configuration, and the password from its file. Throws `invalid`. */
export function createInstanceMail(read: () => Config['smtp'], readFile: (path: string) => string): InstanceMail {
  let known = mailDefaults(read(), readFile)
  return {
    defaults: () => known,
    refresh() {
      known = mailDefaults(read(), readFile)
    },
  }
}

function mailDefaults({ passwordFile, ...smtp }: Config['smtp'], readFile: (path: string) => string): JsonObject {
  const given = Object.entries(smtp).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  )
  const password = passwordFile === null ? {} : { password: passwordIn(passwordFile, readFile) }
  return validate(channels.mail.settings, { ...Object.fromEntries(given), ...password }, 'smtp') as JsonObject
}

function passwordIn(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file).replace(/\r?\n$/, '')
  } catch (thrown) {
    throw invalid(
      'smtp.passwordFile',
      `cannot be read (${messageOf(thrown)}). Name a file that holds the password alone.`,
    )
  }
}
