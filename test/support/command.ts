import { runCli } from '../../src/cli/program.ts'

/** Runs a command line in this process and gives what it printed. */
export async function runCommand(
  argv: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    env,
    umask: 0o022,
    signal: new AbortController().signal,
    onHangUp: () => {},
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
