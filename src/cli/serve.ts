import { createApp } from '../app.ts'
import { systemClock } from '../clock.ts'
import { createLog } from '../log.ts'
import { type Flags, settle } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** Runs the daemon until it is asked to end. */
export async function serve(terminal: Terminal, flags: Flags): Promise<number> {
  const config = settle(terminal, flags)
  const log = createLog(terminal.err, config.log.level, systemClock)
  const app = await createApp(config, log, { print: terminal.out, reload: () => settle(terminal, flags) })
  try {
    await app.start()
    await asked(terminal.signal)
  } finally {
    await app.stop()
  }
  return 0
}

function asked(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
