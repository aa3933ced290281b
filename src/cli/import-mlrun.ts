import { invalid } from '../errors.ts'
import { type NotificationFile, notificationsInFile } from '../importers/mlrun/file.ts'
import type { MlrunNotification } from '../model/mlrun.ts'
import { type Door, openApi } from './api.ts'
import { readObjects } from './import.ts'
import type { Terminal } from './terminal.ts'

export interface MlrunImportOptions extends Door {
  run?: string | undefined
  schedule?: string | undefined
  apply: boolean
  json: boolean
}

interface Report {
  applied: boolean
  notifications: MlrunNotification[]
  warnings: string[]
}

/** Sends a file of MLRun notifications to the daemon and prints what becomes of them. Throws `invalid` with what is wrong. */
export async function importMlrun(terminal: Terminal, file: string, options: MlrunImportOptions): Promise<number> {
  const { apply, json, run, schedule } = options
  const found = notificationsInFile(readObjects(file))
  const owner = run !== undefined ? { run } : schedule !== undefined ? { schedule } : ownerIn(found, file)
  const body = { ...owner, apply, notifications: found.notifications }
  const report = await openApi(terminal, options).post<Report>('/import/mlrun', body)
  if (json) terminal.out(JSON.stringify(report, null, 2))
  else for (const line of describe(report)) terminal.out(line)
  return 0
}

function ownerIn({ run, schedule }: NotificationFile, file: string): { run: string } | { schedule: string } {
  if (run !== null) return { run }
  if (schedule !== null) return { schedule }
  throw invalid('', `${file} does not say whose notifications it holds. Add --schedule NAME or --run UID.`)
}

function describe({ applied, notifications, warnings }: Report): string[] {
  const lines = notifications.flatMap(({ kind, name, when }, index) => {
    const start = `notifications.${index}.`
    const own = warnings.filter((warning) => warning.startsWith(start))
    return [
      `${applied ? 'took' : 'takes'}  "${name}" (${kind}, when ${when.join(', ')})`,
      ...own.map((warning) => `  warning  ${warning.slice(start.length)}`),
    ]
  })
  const isOne = notifications.length === 1
  const count = `${notifications.length} ${isOne ? 'notification' : 'notifications'}`
  const hint = applied ? [] : ['Nothing was stored. Add --apply to do it.']
  return [
    ...lines,
    `${count} ${applied ? (isOne ? 'was' : 'were') : 'would be'} taken, in the place of what there was.`,
    ...hint,
  ]
}
