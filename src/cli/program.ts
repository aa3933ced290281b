import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from '@commander-js/extra-typings'
import { systemClock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import { build } from '../version.ts'
import { flagsOf, withSettings } from './settings.ts'
import { type Terminal, UsageError } from './terminal.ts'

/** Exit codes: what was asked for failed; the command line is wrong. */
const FAILED = 1
const USAGE = 2

const DAEMON = 'http://127.0.0.1:8686'

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
    if (isUnloadable(thrown)) {
      terminal.err(
        `tocsin: SQLite cannot be loaded (${messageOf(thrown)}). It is unpacked into the temporary folder, so programs must be allowed to run from there: mount it without noexec, or name another folder with TMPDIR.`,
      )
      return FAILED
    }
    terminal.err(`tocsin: ${messageOf(thrown)}`)
    const expected = thrown instanceof AppError || thrown instanceof UsageError
    if (!expected && thrown instanceof Error) terminal.err(thrown.stack ?? '')
    return thrown instanceof UsageError ? USAGE : FAILED
  }
}

/** Whether the addon inside the executable could not be loaded from where the runtime unpacks it. */
function isUnloadable(thrown: unknown): boolean {
  return thrown instanceof Error && /\.node: (failed to map|cannot open|Operation not permitted)/.test(thrown.message)
}

/** Takes a verb under way and keeps its exit code. */
type Finish = (running: number | Promise<number>) => Promise<void>

function createProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('tocsin')
    .description('Watches data and jobs and tells people when something needs them.')
    .version(build.version)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  addDaemonVerbs(program, terminal, finish)
  addDataVerbs(program, terminal, finish)
  addGenerateVerbs(program.command('generate').description('Make files for an installation.'), terminal, finish)
  addApiVerbs(program, terminal, finish)
  addTokenVerbs(program.command('token').description('Make, list and end the tokens of the API.'), terminal, finish)
  addExecVerb(program, terminal, finish)
  addTextVerbs(program, terminal, finish)
  addSmallVerbs(program, terminal, finish)
  return program
}

function addDaemonVerbs(program: Command, terminal: Terminal, finish: Finish) {
  withSettings(program.command('serve').description('Run the daemon.')).action((options) =>
    finish(import('./serve.ts').then(({ serve }) => serve(terminal, flagsOf(options)))),
  )
  program
    .command('demo')
    .description('Show the main job on a database that changes by itself; nothing is left behind.')
    .option('--listen <address>', 'address of the API', '127.0.0.1:0')
    .action((options) => finish(import('./demo.ts').then(({ demo }) => demo(terminal, options))))
  withSettings(program.command('check').description('Check settings, data directory and key.')).action((options) =>
    finish(import('./check.ts').then(({ check }) => check(terminal, flagsOf(options)))),
  )
}

/** Verbs that work on a data directory, whether a daemon runs or not. */
function addDataVerbs(program: Command, terminal: Terminal, finish: Finish) {
  withSettings(
    program.command('doctor').description('Look for whatever keeps the daemon from its work; change nothing.'),
  )
    .option('--token <token>', 'a token of the running daemon, to ask it about connections (TOCSIN_TOKEN)')
    .option('--json', 'as JSON', false)
    .action((options) =>
      finish(import('./doctor.ts').then(({ doctor }) => doctor(terminal, flagsOf(options), options))),
    )
  const load = () => import('./backup.ts')
  withSettings(program.command('backup').description('Copy the database to a file, while it is used, and verify it.'), [
    'dataDir',
  ])
    .argument('<file>', 'where the copy goes')
    .option('--force', 'overwrite the file', false)
    .action((file, options) => finish(load().then(({ backup }) => backup(terminal, flagsOf(options), file, options))))
  withSettings(program.command('restore').description('Put a backup into an empty data directory.'), [
    'dataDir',
    'masterKeyFile',
  ])
    .argument('<file>', 'the backup')
    .action((file, options) => finish(load().then(({ restore }) => restore(terminal, flagsOf(options), file))))
}

function addGenerateVerbs(group: Command, terminal: Terminal, finish: Finish) {
  const load = () => import('./generate.ts')
  group
    .command('unit')
    .description('Print the systemd unit.')
    .action(() => finish(load().then(({ generate }) => generate(terminal, 'unit'))))
  group
    .command('config')
    .description('Print a configuration file to begin with.')
    .action(() => finish(load().then(({ generate }) => generate(terminal, 'config'))))
  group
    .command('key')
    .description('Make a master key in a new file.')
    .argument('<file>', 'such as /etc/tocsin/master.key')
    .action((file) => finish(load().then(({ generateKey }) => generateKey(terminal, file))))
}

/** Verbs that work on a running daemon. */
function addApiVerbs(program: Command, terminal: Terminal, finish: Finish) {
  const reaching = (command: Command) =>
    command
      .option('--url <url>', 'where the daemon listens (TOCSIN_URL)', terminal.env['TOCSIN_URL'] ?? DAEMON)
      .option('--token <token>', 'a token of its API (TOCSIN_TOKEN)', terminal.env['TOCSIN_TOKEN'])
      .option('--project <project>', 'the project', 'default')
  const verb = (name: string, text: string) => reaching(program.command(name).description(text))
  const load = () => import('./operate.ts')
  verb('status', 'Tell what runs, what fires, what waits and what fails.')
    .option('--json', 'as JSON', false)
    .action((options) => finish(import('./status.ts').then(({ status }) => status(terminal, options))))
  verb('run', 'Evaluate a rule now.')
    .argument('<rule>', 'its name or id')
    .option('--dry-run', 'show what it would do and store nothing', false)
    .action((rule, options) => finish(load().then(({ runRule }) => runRule(terminal, options, rule))))
  verb('explain', 'Say why a rule or a delivery did or did not send.')
    .argument('<what>', 'a rule by name or id, or the id of a delivery')
    .action((what, options) => finish(load().then(({ explain }) => explain(terminal, options, what))))
  verb('send', 'Send a message through a channel and show what the receiver answers.')
    .argument('<channel>', 'its name or id')
    .option('--test', 'a test message; so it is without a title', false)
    .addOption(new Option('--title <title>', 'title of the message').conflicts('test'))
    .option('--summary <text>', 'what it says below its title', '')
    .option('--severity <severity>', 'debug, info, warning, error or critical', 'info')
    .action((channel, options) => finish(load().then(({ send }) => send(terminal, options, channel))))
  const taking = program.command('import').description('Take over what another product has.')
  const from = (product: 'vianops' | 'dataiku', text: string) =>
    reaching(taking.command(product).description(text))
      .argument('<file>', 'JSON, one object or a list')
      .option('--apply', 'store what the plan says', false)
      .option('--fix', 'mend conditions as the plan offers', false)
      .option('--json', 'as JSON', false)
      .action((file, options) =>
        finish(import('./import.ts').then(({ importFrom }) => importFrom(product, terminal, file, options))),
      )
  from('vianops', 'Take over VIANOPS notifications from a file.')
  from('dataiku', "Take over Dataiku's channels and reporters from a file.")
  reaching(taking.command('mlrun').description('Take over MLRun notifications from a file.'))
    .argument('<file>', 'JSON: a list of notifications, or a run or schedule that has them')
    .addOption(new Option('--run <uid>', 'the run they are for').conflicts('schedule'))
    .option('--schedule <name>', 'the schedule they are for; those of the file itself when neither is given')
    .option('--apply', 'put them in the place of what there is', false)
    .option('--json', 'as JSON', false)
    .action((file, options) =>
      finish(import('./import-mlrun.ts').then(({ importMlrun }) => importMlrun(terminal, file, options))),
    )
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

function addExecVerb(program: Command, terminal: Terminal, finish: Finish) {
  const collect = (label: string, labels: readonly string[]) => [...labels, label]
  program
    .command('exec')
    .description('Run a command and tell the daemon of it; its output and exit code stay its own.')
    .passThroughOptions()
    .option('--url <url>', 'where the daemon listens (TOCSIN_URL)', terminal.env['TOCSIN_URL'] ?? DAEMON)
    .option('--token <token>', 'a token of its API (TOCSIN_TOKEN)')
    .option('--project <project>', 'the project', 'default')
    .option('--name <name>', "name of the run; the program's when absent")
    .option('--kind <kind>', 'job, pipeline or scenario', 'job')
    .option('--uid <uid>', 'what tells this run apart; made when absent')
    .option('--label <name=value>', 'a label; may be given several times', collect, [])
    .option('--heartbeat <duration>', 'how often it is told that the command still runs; 0s: never', '1m')
    .option('--spool <folder>', 'where events are kept until the daemon has them (TOCSIN_SPOOL)')
    .option('--notify <file>', 'MLRun notifications (JSON, YAML) to send from here, daemon or not')
    .option('--config <file>', 'YAML file of settings for these: egress, smtp, tls (TOCSIN_CONFIG)')
    .option('--flush', 'send what is kept, and run nothing', false)
    .argument('[command...]', 'the command with its arguments')
    .action((command, options) => finish(import('./exec.ts').then(({ exec }) => exec(terminal, options, command))))
}

/** Verbs for trying a text on data; the text is the last argument, taken as it is. */
function addTextVerbs(program: Command, terminal: Terminal, finish: Finish) {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const io = { readFile, print: terminal.out, printError: terminal.err, now: systemClock.now }
  program
    .command('eval')
    .description('Evaluate an expression; prints one line of JSON.')
    .requiredOption('--data <file>', 'JSON object of variables')
    .option('--dialect <dialect>', 'python, formula or jinja', 'python')
    .argument('<expression>', 'taken as it is')
    .action((expression, options) =>
      finish(import('./eval.ts').then(({ runEval }) => runEval(options, expression, io))),
    )
  program
    .command('render')
    .description('Render a template; prints its text.')
    .requiredOption('--data <file>', 'JSON object of variables')
    .option('--engine <engine>', 'liquid, jinja or formula', 'liquid')
    .argument('<template>', 'taken as it is')
    .action((template, options) =>
      finish(import('./render.ts').then(({ runRender }) => runRender(options, template, io))),
    )
}

function addSmallVerbs(program: Command, terminal: Terminal, finish: Finish) {
  program
    .command('channels')
    .description('List the kinds of channels there are.')
    .option('--json', 'as JSON, with their settings', false)
    .action((options) => finish(import('./channels.ts').then(({ listKinds }) => listKinds(terminal, options))))
  program
    .command('healthcheck')
    .description('Ask the daemon whether it is ready; exit code 0 when it is.')
    .option('--url <url>', 'where it listens', terminal.env['TOCSIN_URL'] ?? DAEMON)
    .action((options) => finish(import('./healthcheck.ts').then(({ healthcheck }) => healthcheck(terminal, options))))
  program
    .command('version')
    .description('Print what this program is made of.')
    .option('--json', 'as one JSON object', false)
    .action((options) => finish(import('./version.ts').then(({ version }) => version(terminal, options))))
  program
    .command('sqlite-query', { hidden: true })
    .description('Answer queries of SQLite files on standard input.')
    .argument('<parent>', 'process id of the daemon')
    .action((parent) => finish(import('./sqlite-query.ts').then(({ sqliteQuery }) => sqliteQuery(parent))))
}

/** Keeps a last argument that begins with a dash from being read as an option. */
function guardText(argv: readonly string[]): readonly string[] {
  const last = argv.at(-1)
  if (last === undefined || argv.length < 3 || !textVerbs.includes(argv[0] ?? '')) return argv
  return argv.at(-2) === '--' ? argv : [...argv.slice(0, -1), '--', last]
}
