import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../app.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { createLog } from '../log.ts'
import type { Sample } from '../manage/sample.ts'
import { manageTokens } from '../manage/tokens.ts'
import type { Evaluation } from '../model/evaluation.ts'
import type { DeliverySummary } from '../store/delivery-rows.ts'
import { type Api, openApi } from './api.ts'
import { openInbox } from './demo/inbox.ts'
import { tellEvaluation } from './demo/story.ts'
import type { Terminal } from './terminal.ts'

/** Name of the channel that leads to the demonstration's own receiver. */
const CHANNEL = 'inbox'
/** How often the demonstration looks for news, in ms. */
const LOOK = 250

/** Shows the main job on a database that changes by itself, until it is asked to end. Nothing is left behind. */
export async function demo(terminal: Terminal, { listen }: { listen: string }): Promise<number> {
  const endings: (() => unknown)[] = []
  const say = (line: string) => terminal.out(`${new Date().toTimeString().slice(0, 8)}  ${line}`)
  try {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-demo-'))
    endings.push(() => rmSync(folder, { recursive: true, force: true }))
    const arrived: string[] = []
    const inbox = await openInbox(({ id, kind, severity, title }) =>
      arrived.push(`received    ${kind} (${severity}): ${title}  [${id}]`),
    )
    endings.push(inbox.stop)

    const { url, token, stop } = await startApp(terminal, folder, listen)
    endings.push(stop)
    const api = openApi({ env: {}, signal: terminal.signal }, { url, token })
    const names = await furnish(api, inbox.url)
    terminal.out(`Console  ${url}\nToken    ${token}\nFiles    ${folder}\nEnd it with Ctrl-C.\n`)
    await narrate(terminal.signal, api, names, arrived, say)
    terminal.out('\nThe demonstration ends.')
    return 0
  } finally {
    for (const end of endings.reverse()) await end()
  }
}

/** The daemon as `serve` runs it, on a data directory of its own, and an admin's token. */
async function startApp(terminal: Terminal, folder: string, listen: string) {
  const dataDir = join(folder, 'data')
  const flags = {
    dataDir,
    listen,
    'egress.allow': '127.0.0.0/8',
    'log.level': 'error',
  }
  const { config } = loadConfig(flags, {}, () => '')
  const log = createLog(terminal.err, config.log.level, systemClock)
  const app = await createApp(config, log, { print: terminal.out })
  const { url } = await app.start()
  const tokens = manageTokens({ store: app.store, clock: systemClock })
  const { token } = await tokens.create('demo', { name: 'demo', role: 'admin' })
  return { url, token, stop: () => app.stop() }
}

/** Makes the sample with a way out of its own, and gives its rules' names by id. */
async function furnish(api: Api, inbox: string): Promise<Map<string, string>> {
  await api.post('/channels', { name: CHANNEL, kind: 'webhook', settings: { url: inbox } })
  const { sample } = await api.post<{ sample: Sample }>('/sample', { channel: CHANNEL })
  return new Map(sample.rules.map(({ id, name }) => [id, name]))
}

/** Tells evaluations, messages in the inbox and finished deliveries as they come. */
async function narrate(
  signal: AbortSignal,
  api: Api,
  names: Map<string, string>,
  arrived: string[],
  say: (line: string) => void,
) {
  const told = new Set<string>()
  const fresh = <T extends { id: string }>(items: T[]) => items.filter(({ id }) => !told.has(id)).reverse()
  while (!signal.aborted) {
    // What has arrived by now was evaluated before; what arrives while this is told comes next time.
    const received = arrived.splice(0)
    try {
      for (const { id, ruleId } of fresh((await api.get<{ items: Evaluation[] }>('/evaluations?limit=50')).items)) {
        told.add(id)
        const evaluation = await api.get<Evaluation>(`/evaluations/${id}`)
        for (const line of tellEvaluation(names.get(ruleId) ?? ruleId, evaluation)) say(line)
      }
      for (const line of received) say(line)
      for (const delivery of fresh((await api.get<{ items: DeliverySummary[] }>('/deliveries?limit=50')).items)) {
        if (delivery.finishedAt === null) continue
        told.add(delivery.id)
        say(`${delivery.state.padEnd(10)}  ${delivery.id} after ${delivery.finishedAt - delivery.createdAt} ms`)
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown
    }
    await pause(signal)
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOK)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
