import { runCli } from './cli/program.ts'
import { environment } from './config.ts'

const signals = { SIGINT: 2, SIGTERM: 15 } as const
/** One Ctrl-C may arrive several times: from the terminal and from the programs in between (ms). */
const ECHO = 500
const stop = new AbortController()
let asked = 0

for (const [signal, number] of Object.entries(signals)) {
  process.on(signal, () => {
    const again = stop.signal.aborted && Date.now() - asked > ECHO
    if (again) process.exit(128 + number)
    asked ||= Date.now()
    stop.abort(signal)
  })
}
// Everything this program writes is its owner's alone.
const umask = process.umask(0o077)

const code = await runCli(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  env: environment,
  umask,
  signal: stop.signal,
  onHangUp: (run) => void process.on('SIGHUP', run),
})
await new Promise<void>((resolve) => void process.stdout.write('', () => resolve()))
process.exit(code)
