import { runCli } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

/** A terminal that keeps what is printed. */
export function keptTerminal(env: Record<string, string> = {}) {
  const out: string[] = []
  const err: string[] = []
  const terminal: Terminal = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    env,
    umask: 0o022,
    signal: new AbortController().signal,
    onHangUp: () => {},
  }
  return { terminal, printed: () => ({ out: out.join('\n'), err: err.join('\n') }) }
}

/** Runs a command line in this process and gives what it printed. */
export async function runCommand(
  argv: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const { terminal, printed } = keptTerminal(env)
  return { code: await runCli(argv, terminal), ...printed() }
}
