import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { audited } from './app/audited.ts'
import { createInstance } from './app/instance.ts'
import { stallOf } from './app/stall.ts'
import { channels, isChannelKind } from './channels/index.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Config, changedSettings } from './config.ts'
import { createTargetOpener } from './deliver/resolve-target.ts'
import { createWorker } from './deliver/worker.ts'
import { invalid, messageOf } from './errors.ts'
import { createFileReader } from './flow/files.ts'
import { channelNotice, connectionNotice, inlineNotice, type Notice, sendNotice } from './flow/notice.ts'
import { createRunFlow } from './flow/runs.ts'
import { createSources } from './flow/sources.ts'
import { createScripts } from './flow/variable-script.ts'
import { createFlow } from './flow.ts'
import { createHttpApp } from './http/app.ts'
import { createEventStreams } from './http/events.ts'
import { type Fetch, listen } from './http/server.ts'
import type { Log } from './log.ts'
import { createManage } from './manage/index.ts'
import { createInstanceMail } from './manage/instance-mail.ts'
import { unlockSecrets } from './manage/keys.ts'
import { isRunRule, type Rule } from './model/rule.ts'
import { createHttp, type Http } from './net.ts'
import { createPrograms } from './programs.ts'
import { runtimeName, selfCommand } from './runtime.ts'
import { masterKeyPath } from './secrets.ts'
import type { Store } from './store/index.ts'
import { announce, lockDataDirectory } from './store/lock.ts'
import { openStore, prepareDataDirectory } from './store/open.ts'
import { createTelemetry } from './telemetry.ts'
import { createHousekeeping } from './trigger/housekeeping.ts'
import { createPings } from './trigger/pings.ts'
import { createRunEvents } from './trigger/run-events.ts'
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
  /** The log, which the metrics listen to. */
  log: Log
  start(): Promise<{ url: string }>
  /** Begins nothing new, lets what is under way end within the drain time, stores every result and closes everything. */
  stop(): Promise<void>
  /** Takes over what may change while it runs; names the settings that are in force now, and those that need a restart. */
  reload(next: Config): { changed: string[]; needRestart: string[] }
  /** What keeps it from making progress, in words; null while it is well. */
  stalled(): Promise<string | null>
}

/** ms that answers get to be written after everything they could wait for has ended. */
const LAST_WORDS = 1000
/** ms that a send may take by its channel's own settings. */
const LONGEST_OWN = 121_000

/**
 * Puts the parts together. One straight function, so that the order and what each part is given can be read from top to
 * bottom. Cleanups are named and run in the opposite order; a failed start runs those that were registered by then.
 */
export async function createApp(config: Config, ownLog: Log, overrides: Overrides = {}): Promise<App> {
  const { clock = systemClock, print = () => {}, reload = () => live } = overrides
  const facts = { version: build.version, runtime: runtimeName() }
  const telemetry = createTelemetry(ownLog, facts, clock.now)
  const { log } = telemetry
  const { onStop, stop } = cleanups(log)
  /** What is in force: the configuration of the start, and on top what was reloaded since. */
  let live = config
  try {
    const dataDir = resolve(config.dataDir)
    prepareDataDirectory(dataDir)
    onStop('lock', lockDataDirectory(dataDir))
    let diskTroubleAt = Number.NEGATIVE_INFINITY
    const opened = openStore(dataDir, clock, {
      onCommit: telemetry.committed,
      onSyncTrouble(error) {
        diskTroubleAt = clock.now()
        log.diskFull({ reason: messageOf(error) })
      },
    })
    const store = audited(opened.store, log)
    onStop('store', store.close)
    if (opened.schema.from !== opened.schema.to) log.migrated(opened.schema)
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
    const openDoor = ({ egress }: Config) => createHttp({ ...egress, own, authorities })
    let door = openDoor(config)
    onStop('http', () => door.close())
    const http: Http = {
      request: (request) => door.request(request),
      connect: (host, port, signal) => door.connect(host, port, signal),
      authorities: () => door.authorities(),
    }
    const channelOf = (kind: string) => (isChannelKind(kind) ? channels[kind] : undefined)
    const instanceMail = createInstanceMail(
      () => reload().smtp,
      (path) => readFileSync(path, 'utf8'),
    )
    const defaultsOf = (kind: string) => (kind === 'mail' ? instanceMail.defaults() : undefined)
    const openTarget = createTargetOpener({
      channels: store.channels,
      projectSecrets: store.notificationLists,
      channelOf,
      secrets,
      defaultsOf,
    })
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
    const attachments = {
      readFile: createFileReader(
        config.attachments.paths.map((path) => resolve(path)),
        ownPaths,
      ),
      most: config.attachments.maxMegabytes * 1e6,
    }
    const flow = createFlow({
      store,
      sources,
      clock,
      log,
      attachments,
      limits: () => ({ baseUrl: live.baseUrl, ...live.connections }),
      signal: ending.signal,
      readSchedule,
    })
    const scheduler = createScheduler({
      store,
      flow,
      clock,
      log,
      concurrency: config.scheduler.concurrency,
      perConnection: config.connections.poolSize,
    })

    const scripts = createScripts({ programs, clock })
    onStop('scripts', scripts.close)
    const runFlow = createRunFlow({
      store,
      clock,
      baseUrl: () => live.baseUrl,
      attachments,
      runScript: scripts.run,
    })
    const runEvents = createRunEvents({ flow: runFlow, clock, wake: scheduler.wake })
    const pings = createPings({ store, events: runEvents, clock })

    const tryRule = (rule: Rule) =>
      isRunRule(rule) && rule.definition.when !== undefined ? runFlow.tryRule(rule) : flow.tryRule(rule)

    const housekeeping = createHousekeeping({
      retention: store.retention,
      runs: store.runs,
      clock,
      log,
      limits: () => ({ days: live.retention.days, maxBytes: live.retention.maxMegabytes * 1e6 }),
    })

    const manage = createManage({
      store,
      secrets,
      clock,
      sources,
      programs,
      runScript: scripts.run,
      readSchedule,
      defaultsOf,
      baseUrl: () => live.baseUrl,
      sampleFolder,
      onRulesChanged: scheduler.wake,
    })
    onStop('sample', manage.sample.stop)
    const streams = createEventStreams(store.changes, clock, { version: build.version })
    let trouble: string | null = 'It is starting.'
    let isListening = false
    const stalled = () => stallOf({ store, scheduler, worker, diskTroubleAt: () => diskTroubleAt, now: clock.now })
    const instance = createInstance({ store, scheduler, dataDir, clock, readiness: () => trouble })
    const api = createHttpApp({
      store,
      manage,
      instanceMail,
      tryRule,
      scheduler,
      runEvents,
      pings,
      streams,
      log,
      clock,
      readiness: () => trouble,
      closed: () => (isListening ? trouble : null),
      stalled,
      instance: instance.status,
      metrics: async () => telemetry.render(await instance.snapshot()),
      metricsAreOpen: () => live.metrics.open,
      isSecure: config.baseUrl?.startsWith('https:') ?? false,
    })

    return {
      fetch: (request, client) => api.fetch(request, client),
      store,
      log,
      stop,
      stalled,
      reload(next) {
        const before = { live, door }
        const changed = changedSettings(live, next).filter(({ reloads }) => reloads)
        if (changed.some(({ path }) => path.startsWith('egress.'))) door = openDoor(next)
        live = next
        try {
          // Also when nothing changed: the password lies in a file of its own.
          instanceMail.refresh()
        } catch (thrown) {
          ;({ live, door } = before)
          throw thrown
        }
        // What is under way through the one before may end.
        if (door !== before.door)
          clock.at(clock.now() + Math.max(config.delivery.timeout, LONGEST_OWN), before.door.close)
        const needRestart = changedSettings(config, next).filter(({ reloads }) => !reloads)
        return { changed: changed.map(({ path }) => path), needRestart: needRestart.map(({ path }) => path) }
      },
      async start() {
        try {
          const startedAt = clock.now()
          onStop('log', () => log.stopped({ uptime: clock.now() - startedAt }))
          isListening = true
          const { host, port } = addressOf(config.listen)
          const server = await listen(api.fetch, { host, port })
          onStop('server', () => server.stop(LAST_WORDS))
          onStop('event streams', streams.close)
          own.push({ host, port: server.port })
          const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
          announce(dataDir, url)
          housekeeping.start()
          onStop('housekeeping', housekeeping.stop)
          onStop('work', async () => {
            const cancel = clock.at(clock.now() + live.drain, () => ending.abort())
            await Promise.all([worker.stop(live.drain), scheduler.stop()])
            cancel()
          })
          await worker.start()
          await sources.start()
          // A sample that cannot be kept alive keeps nothing else from starting.
          await manage.sample.start().catch((thrown) => log.advice({ text: messageOf(thrown) }))
          await scheduler.start()
          trouble = null
          onStop('readiness', () => {
            trouble = 'It is stopping.'
          })
          instance.started(url)
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
