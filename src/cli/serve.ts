import { readFileSync } from 'node:fs'
import { type App, createApp } from '../app.ts'
import { systemClock } from '../clock.ts'
import { type Config, loadConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { createLog, type Log } from '../log.ts'
import { releaseMemory } from '../runtime.ts'
import { findServiceManager, type ServiceManager } from '../systemd.ts'
import { type Flags, settle } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** ms that the service manager is asked to wait beyond the drain time before it ends the daemon by force. */
const CLOSING = 10_000

/** ms after which all that the start set going has ended. */
const SETTLED = 1000

/** Runs the daemon until it is asked to end; SIGHUP makes it read its configuration again. */
export async function serve(terminal: Terminal, flags: Flags): Promise<number> {
  let config = settle(terminal, flags)
  const log = createLog(terminal.err, () => config.log.level, systemClock)
  const manager = findServiceManager({
    env: terminal.env,
    pid: process.pid,
    onFailure: (reason) => log.advice({ text: `The service manager could not be told how it goes (${reason}).` }),
  })
  const app = await createApp(config, log, { print: terminal.out, reload: () => settle(terminal, flags) })
  let watching: ReturnType<typeof setInterval> | undefined
  let told = Promise.resolve()
  try {
    const { url } = await app.start()
    terminal.onHangUp(() => {
      const next = reload({ app, log: app.log, terminal, flags, manager })
      if (next !== null) config = next
    })
    await manager.notify('READY=1', `STATUS=Listening on ${url}`)
    watching = watch(app, manager)
    const settled = systemClock.at(systemClock.now() + SETTLED, releaseMemory)
    await asked(terminal.signal)
    settled()
    const { drain } = config
    app.log.stopping({ signal: String(terminal.signal.reason), drain })
    // Waited for at the very end only: readiness goes down first.
    told = manager.notify('STOPPING=1', 'STATUS=Draining', `EXTEND_TIMEOUT_USEC=${(drain + CLOSING) * 1000}`)
  } finally {
    clearInterval(watching)
    await app.stop()
    await told
  }
  return 0
}

/** Reads the configuration again. What is wrong with it is logged, and the one before stays in force: null. */
function reload(parts: {
  app: App
  log: Log
  terminal: Terminal
  flags: Flags
  manager: ServiceManager
}): Config | null {
  const { app, log, terminal, flags, manager } = parts
  void manager.notify('RELOADING=1', 'STATUS=Reading the configuration')
  try {
    const { config, warnings } = loadConfig(flags, terminal.env, (path) => readFileSync(path, 'utf8'))
    const outcome = app.reload(config)
    for (const text of warnings) log.advice({ text })
    log.reloaded(outcome)
    const late = outcome.needRestart.length === 0 ? '' : `; ${outcome.needRestart.join(', ')} wait for a restart`
    void manager.notify('READY=1', `STATUS=Configuration read again${late}`)
    return config
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    log.reloadFailed({ reason: thrown.message })
    void manager.notify('READY=1', 'STATUS=The configuration is not usable; the one before stays in force')
    return null
  }
}

/** Tells the service manager again and again that the daemon is well, as long as it is. */
function watch(app: App, manager: ServiceManager): ReturnType<typeof setInterval> | undefined {
  if (manager.watchdog === null) return undefined
  let isLooking = false
  return setInterval(async () => {
    if (isLooking) return
    isLooking = true
    try {
      const trouble = await app.stalled()
      if (trouble === null) await manager.notify('WATCHDOG=1')
      else app.log.stalled({ reason: trouble })
    } catch (thrown) {
      app.log.defect({ where: 'watchdog', error: thrown })
    } finally {
      isLooking = false
    }
  }, manager.watchdog / 2)
}

function asked(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
