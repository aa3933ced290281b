import { Command, CommanderError } from '@commander-js/extra-typings'
import { AppError, messageOf } from '../errors.ts'
import { build } from '../version.ts'
import { flagsOf, withSettings } from './settings.ts'
import { type Terminal, UsageError } from './terminal.ts'

/** Exit codes: what was asked for failed; the command line is wrong. */
const FAILED = 1
const USAGE = 2

/** Verbs whose last argument is a text that may begin with a dash. */
const textVerbs = ['eval', 'render']

/** Runs one command line and gives the exit code. Modules are loaded by the verb that needs them. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0
  const program = createProgram(terminal, async (running) => {
    code = await running
  })
  try {
    await program.parseAsync([...guardText(argv)], { from: 'user' })
    return code
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : USAGE
    terminal.err(`tocsin: ${messageOf(thrown)}`)
    const expected = thrown instanceof AppError || thrown instanceof UsageError
    if (!expected && thrown instanceof Error) terminal.err(thrown.stack ?? '')
    return thrown instanceof UsageError ? USAGE : FAILED
  }
}

/** Takes a verb under way and keeps its exit code. */
type Finish = (running: number | Promise<number>) => Promise<void>

function createProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('tocsin')
    .description('Watches data and jobs and tells people when something needs them.')
    .version(build.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  addTokenVerbs(program.command('token').description('Make, list and end the tokens of the API.'), terminal, finish)
  addSmallVerbs(program, terminal, finish)
  return program
}

function addTokenVerbs(token: Command, terminal: Terminal, finish: Finish) {
  const load = () => import('./token.ts')
  const verb = (name: string, text: string) => withSettings(token.command(name).description(text), ['dataDir'])
  verb('create', 'Make a token; it is printed alone on the last line.')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--role <role>', 'admin, editor or viewer')
    .option('--project <project>', 'the only project it is good for')
    .action((options) => finish(load().then(({ createToken }) => createToken(terminal, flagsOf(options), options))))
  verb('list', 'List the tokens.')
    .option('--json', 'as JSON', false)
    .action((options) => finish(load().then(({ listTokens }) => listTokens(terminal, flagsOf(options), options))))
  verb('revoke', 'End a token at once.')
    .argument('<token>', 'its id or name')
    .action((name, options) => finish(load().then(({ revokeToken }) => revokeToken(terminal, flagsOf(options), name))))
}

function addSmallVerbs(program: Command, terminal: Terminal, finish: Finish) {
  program
    .command('healthcheck')
    .description('Ask the daemon whether it is ready; exit code 0 when it is.')
    .option('--url <url>', 'where it listens', terminal.env['TOCSIN_URL'] ?? 'http://127.0.0.1:8686')
    .action((options) => finish(import('./healthcheck.ts').then(({ healthcheck }) => healthcheck(terminal, options))))
  program
    .command('version')
    .description('Print what this program is made of.')
    .option('--json', 'as one JSON object', false)
    .action((options) => finish(import('./version.ts').then(({ version }) => version(terminal, options))))
}

/** Keeps a last argument that begins with a dash from being read as an option. */
function guardText(argv: readonly string[]): readonly string[] {
  const last = argv.at(-1)
  if (last === undefined || argv.length < 3 || !textVerbs.includes(argv[0] ?? '')) return argv
  return argv.at(-2) === '--' ? argv : [...argv.slice(0, -1), '--', last]
}
