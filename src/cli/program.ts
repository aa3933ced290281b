import { Command, CommanderError } from '@commander-js/extra-typings'
import { AppError, messageOf } from '../errors.ts'
import { build } from '../version.ts'
import { type Terminal, UsageError } from './terminal.ts'

/** Exit codes: what was asked for failed; the command line is wrong. */
const FAILED = 1
const USAGE = 2

/** Verbs whose last argument is a text that may begin with a dash. */
const textVerbs = ['eval', 'render']

/** Runs one command line and gives the exit code. Modules are loaded by the verb that needs them. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0
  const program = describe(terminal, async (running) => {
    code = await running
  })
  try {
    await program.parseAsync([...guardText(argv)], { from: 'user' })
    return code
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : USAGE
    terminal.err(`tocsin: ${messageOf(thrown)}`)
    if (!(thrown instanceof AppError || thrown instanceof UsageError) && thrown instanceof Error)
      terminal.err(thrown.stack ?? '')
    return thrown instanceof UsageError ? USAGE : FAILED
  }
}

type Finish = (running: number | Promise<number>) => Promise<void>

function describe(terminal: Terminal, finish: Finish): Command {
  const program = new Command('tocsin')
    .description('Watches data and jobs and tells people when something needs them.')
    .version(build.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  const verb = (name: string, text: string) => {
    const command = program.command(name).description(text)
    return command
  }

  verb('healthcheck', 'Ask the daemon whether it is ready; exit code 0 when it is.')
    .option('--url <url>', 'where it listens', terminal.env['TOCSIN_URL'] ?? 'http://127.0.0.1:8686')
    .action((options) => finish(import('./healthcheck.ts').then(({ healthcheck }) => healthcheck(terminal, options))))

  verb('version', 'Print what this program is made of.')
    .option('--json', 'as one JSON object', false)
    .action((options) => finish(import('./version.ts').then(({ version }) => version(terminal, options))))

  return program as unknown as Command
}

/** Keeps a last argument that begins with a dash from being read as an option. */
function guardText(argv: readonly string[]): readonly string[] {
  const last = argv.at(-1)
  if (last === undefined || argv.length < 3 || !textVerbs.includes(argv[0] ?? '')) return argv
  return argv.at(-2) === '--' ? argv : [...argv.slice(0, -1), '--', last]
}
