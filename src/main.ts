import { runCli } from './cli/program.ts'
import { environment } from './config.ts'

const signals = { SIGINT: 2, SIGTERM: 15 } as const
const stop = new AbortController()

for (const [signal, number] of Object.entries(signals)) {
  process.on(signal, () => {
    // Asked a second time: at once.
    if (stop.signal.aborted) process.exit(128 + number)
    stop.abort(signal)
  })
}
// Everything this program writes is its owner's alone.
process.umask(0o077)

const code = await runCli(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  env: environment,
  signal: stop.signal,
})
await new Promise<void>((resolve) => void process.stdout.write('', () => resolve()))
process.exit(code)
