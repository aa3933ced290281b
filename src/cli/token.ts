import { userInfo } from 'node:os'
import { systemClock } from '../clock.ts'
import { manageTokens, type TokenManager } from '../manage/tokens.ts'
import { openStoreBeside } from '../store/open.ts'
import { type Flags, settle } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** Makes a token and prints it, alone, as the last line. */
export function createToken(
  terminal: Terminal,
  flags: Flags,
  { name, role, project }: { name: string; role: string; project?: string | undefined },
): Promise<number> {
  return withTokens(terminal, flags, async (tokens) => {
    const { token } = await tokens.create(actor(), { name, role, project: project ?? null })
    terminal.err(`The token "${name}" (${role}) is shown this once:`)
    terminal.out(token)
  })
}

/** Lists the tokens, without the tokens themselves. */
export function listTokens(terminal: Terminal, flags: Flags, { json }: { json: boolean }): Promise<number> {
  return withTokens(terminal, flags, async (tokens) => {
    const list = await tokens.list()
    if (json) terminal.out(JSON.stringify(list))
    else
      for (const { id, name, role, project, createdAt, revokedAt } of list)
        terminal.out(
          [
            id,
            name,
            role,
            project ?? 'every project',
            new Date(createdAt).toISOString(),
            revokedAt === null ? '' : 'revoked',
          ]
            .join('  ')
            .trimEnd(),
        )
  })
}

/** Ends a token at once, by its id or name. */
export function revokeToken(terminal: Terminal, flags: Flags, idOrName: string): Promise<number> {
  return withTokens(terminal, flags, async (tokens) => {
    await tokens.revoke(actor(), idOrName)
    terminal.out(`revoked: ${idOrName}`)
  })
}

/** Works on the database directly, so before the first start and beside the daemon alike; it needs no key. */
async function withTokens(terminal: Terminal, flags: Flags, work: (tokens: TokenManager) => Promise<void>) {
  const { store } = openStoreBeside(settle(terminal, flags).dataDir, systemClock)
  try {
    await work(manageTokens({ store, clock: systemClock }))
    return 0
  } finally {
    store.close()
  }
}

function actor(): string {
  try {
    return `command line (${userInfo().username})`
  } catch {
    return 'command line'
  }
}
