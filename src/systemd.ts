import { spawn } from 'node:child_process'

/** The service manager that started this process, if one did; what it is told changes nothing else. */
export interface ServiceManager {
  /** Tells it facts such as `READY=1`, in order. Resolves when they were told, or could not be. */
  notify(...assignments: string[]): Promise<void>
  /** ms within which it must hear `WATCHDOG=1` again and again; null when it does not wait for that. */
  watchdog: number | null
}

export interface ServiceManagerOptions {
  /** The environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are looked at. */
  env: Readonly<Record<string, string | undefined>>
  pid: number
  /** Told once when the manager cannot be told anything. */
  onFailure: (reason: string) => void
  /** The program that speaks to it. */
  program?: string
}

/** ms that telling it may take. */
const LONGEST = 5000

/**
 * Speaks sd_notify(3). The protocol needs a Unix datagram socket, which the runtimes do not have, so the words go through
 * `systemd-notify`; units therefore need `NotifyAccess=all`. Without `NOTIFY_SOCKET` nothing is done at all.
 */
export function findServiceManager(options: ServiceManagerOptions): ServiceManager {
  const { env, pid, program = 'systemd-notify' } = options
  if (env['NOTIFY_SOCKET'] === undefined) return { notify: async () => {}, watchdog: null }
  const isOurs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid)
  const interval = Number(env['WATCHDOG_USEC'] ?? 0) / 1000
  let last: Promise<void> = Promise.resolve()
  let hasFailed = false
  const failed = (reason: string) => {
    if (!hasFailed) options.onFailure(reason)
    hasFailed = true
  }
  const tell = (assignments: string[]) =>
    new Promise<void>((resolve) => {
      const child = spawn(program, assignments, { stdio: 'ignore', timeout: LONGEST })
      child.once('error', (error) => {
        failed(error.message)
        resolve()
      })
      child.once('exit', (code) => {
        if (code !== 0) failed(`${program} ended with ${code}`)
        resolve()
      })
    })
  return {
    notify(...assignments) {
      last = last.then(() => tell(assignments))
      return last
    },
    watchdog: isOurs && interval > 0 ? interval : null,
  }
}
