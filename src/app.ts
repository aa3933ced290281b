import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { channels, isChannelKind } from './channels/index.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createTargetOpener } from './deliver/resolve-target.ts'
import { createWorker } from './deliver/worker.ts'
import { invalid, messageOf } from './errors.ts'
import { createFileReader } from './flow/files.ts'
import { channelNotice, connectionNotice, inlineNotice, type Notice, sendNotice } from './flow/notice.ts'
import { createSources } from './flow/sources.ts'
import { createFlow } from './flow.ts'
import { createHttpApp } from './http/app.ts'
import { createEventStreams } from './http/events.ts'
import { type Fetch, listen } from './http/server.ts'
import type { Log } from './log.ts'
import { createManage } from './manage/index.ts'
import { createInstanceMail } from './manage/instance-mail.ts'
import { unlockSecrets } from './manage/keys.ts'
import { createHttp } from './net.ts'
import { createPrograms } from './programs.ts'
import { selfCommand } from './runtime.ts'
import { masterKeyPath } from './secrets.ts'
import type { Store } from './store/index.ts'
import { lockDataDirectory } from './store/lock.ts'
import { openStore, prepareDataDirectory } from './store/open.ts'
import { createHousekeeping } from './trigger/housekeeping.ts'
import { readSchedule } from './trigger/schedule.ts'
import { createScheduler } from './trigger/scheduler.ts'
import { build } from './version.ts'

/** What tests and embedders may put in place of the real thing. */
export interface Overrides {
  clock?: Clock
  /** Writes a line to standard output, for the console channel. */
  print?: (line: string) => void
  /** Reads the configuration again, for what may be refreshed while it runs. */
  reload?: () => Config
}

/** A daemon: built whole, then started. `stop` may be called at any time, and more than once. */
export interface App {
  fetch: Fetch
  store: Store
  start(): Promise<{ url: string }>
  stop(): Promise<void>
}

/** ms that requests, queries and sends under way get at the end: all together, and each of the three at least. */
const DRAIN = 10_000
const LEAST_DRAIN = 1000

/**
 * Puts the parts together. One straight function, so that the order and what each part is given can be read from top to
 * bottom. Cleanups are named and run in the opposite order; a failed start runs those that were registered by then.
 */
export async function createApp(config: Config, log: Log, overrides: Overrides = {}): Promise<App> {
  const { clock = systemClock, print = () => {}, reload = () => config } = overrides
  const { onStop, stop } = cleanups(log)
  try {
    const dataDir = resolve(config.dataDir)
    prepareDataDirectory(dataDir)
    onStop('lock', lockDataDirectory(dataDir))
    const { store, schema } = openStore(dataDir, clock, {
      onSyncTrouble: (error) => log.diskFull({ reason: messageOf(error) }),
    })
    onStop('store', store.close)
    if (schema.from !== schema.to) log.migrated(schema)
    const keySources = {
      masterKeyFile: config.masterKeyFile,
      credentialsDirectory: config.credentialsDirectory,
      dataDir,
    }
    const ownPaths = [dataDir, masterKeyPath(keySources)]
    const secrets = await unlockSecrets(store.keys, keySources, clock)
    const notify = (notice: Notice) =>
      void sendNotice(store, notice, clock.now()).catch((thrown) => log.defect({ where: 'notice', error: thrown }))

    const authorities = config.tls.caFile === null ? [] : [readAuthorities(config.tls.caFile)]
    const own: { host: string; port: number }[] = []
    const http = createHttp({ ...config.egress, own, authorities })
    onStop('http', http.close)
    const channelOf = (kind: string) => (isChannelKind(kind) ? channels[kind] : undefined)
    const instanceMail = createInstanceMail(
      () => reload().smtp,
      (path) => readFileSync(path, 'utf8'),
    )
    const defaultsOf = (kind: string) => (kind === 'mail' ? instanceMail.defaults() : undefined)
    const openTarget = createTargetOpener({ channels: store.channels, channelOf, secrets, defaultsOf })
    const programs = createPrograms(config.shell.allow)
    const limits = { inFlight: config.delivery.concurrency, attempt: config.delivery.timeout }
    const worker = createWorker({
      store,
      channelOf,
      openTarget,
      http,
      clock,
      log,
      print,
      programs,
      limits,
      onClosed(delivery, stopped, reason) {
        for (const channel of stopped) notify(channelNotice(channel, reason, clock.now()))
        if (stopped.length === 0) notify(inlineNotice(delivery, reason, clock.now()))
      },
    })

    const ending = new AbortController()
    const sampleFolder = resolve(config.sampleDir ?? `${dataDir}-sample`)
    const sources = createSources({
      store,
      secrets,
      clock,
      context: {
        poolSize: config.connections.poolSize,
        sqlitePaths: [sampleFolder, ...config.connections.sqlite.paths].map((path) => resolve(path)),
        deniedPaths: ownPaths,
        self: selfCommand(),
        authorities,
      },
      onTrouble({ connection, error, since }) {
        const { project, name } = connection
        if (error === null) log.breakerClosed({ project, connection: name })
        else log.breakerOpened({ project, connection: name, reason: error })
        notify(connectionNotice(connection, error, since, clock.now()))
      },
    })
    onStop('connections', sources.close)
    const { timeout, maxRows, poolSize } = config.connections
    const flow = createFlow({
      store,
      sources,
      clock,
      log,
      baseUrl: config.baseUrl,
      attachments: {
        readFile: createFileReader(
          config.attachments.paths.map((path) => resolve(path)),
          ownPaths,
        ),
        most: config.attachments.maxMegabytes * 1e6,
      },
      timeout,
      maxRows,
      signal: ending.signal,
    })
    const { concurrency } = config.scheduler
    const scheduler = createScheduler({ store, flow, clock, log, concurrency, perConnection: poolSize })

    const { days, maxMegabytes } = config.retention
    const housekeeping = createHousekeeping({
      retention: store.retention,
      clock,
      log,
      days,
      maxBytes: maxMegabytes * 1e6,
    })

    const manage = createManage({
      store,
      secrets,
      clock,
      sources,
      programs,
      readSchedule,
      defaultsOf,
      sampleFolder,
      onRulesChanged: scheduler.wake,
    })
    onStop('sample', manage.sample.stop)
    const streams = createEventStreams(store.changes, clock, { version: build.version })
    let trouble: string | null = 'It is starting.'
    const api = createHttpApp({
      store,
      manage,
      instanceMail,
      flow,
      scheduler,
      streams,
      log,
      clock,
      readiness: () => trouble,
      isSecure: config.baseUrl?.startsWith('https:') ?? false,
    })

    return {
      fetch: (request, client) => api.fetch(request, client),
      store,
      stop,
      async start() {
        try {
          const startedAt = clock.now()
          let drainedAt: number | null = null
          const drain = () => {
            drainedAt ??= clock.now() + DRAIN
            return Math.max(LEAST_DRAIN, drainedAt - clock.now())
          }
          onStop('log', () => log.stopped({ uptime: clock.now() - startedAt }))
          await worker.start()
          onStop('worker', () => worker.stop(drain()))
          housekeeping.start()
          onStop('housekeeping', housekeeping.stop)
          await sources.start()
          // A sample that cannot be kept alive keeps nothing else from starting.
          await manage.sample.start().catch((thrown) => log.advice({ text: messageOf(thrown) }))
          await scheduler.start()
          onStop('scheduler', async () => {
            const cancel = clock.at(clock.now() + drain(), () => ending.abort())
            await scheduler.stop()
            cancel()
          })
          const server = await listen(api.fetch, addressOf(config.listen))
          onStop('server', () => server.stop(drain()))
          onStop('event streams', streams.close)
          const { host } = addressOf(config.listen)
          own.push({ host, port: server.port })
          trouble = null
          onStop('readiness', () => {
            trouble = 'It is stopping.'
          })
          const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
          log.started({ url, version: build.version, dataDir })
          return { url }
        } catch (thrown) {
          await stop()
          throw thrown
        }
      },
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

function cleanups(log: Log) {
  const stack: { name: string; run: () => unknown }[] = []
  return {
    onStop: (name: string, run: () => unknown) => void stack.push({ name, run }),
    stop: async () => {
      for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
        try {
          await next.run()
        } catch (thrown) {
          log.defect({ where: `stopping ${next.name}`, error: thrown })
        }
      }
    },
  }
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw invalid('tls.caFile', `cannot be read (${messageOf(thrown)}). Name a PEM file of authorities to trust.`)
  }
}

function addressOf(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}
