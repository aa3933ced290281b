import pg from 'pg'
import { systemClock } from '../src/clock.ts'
import { createSources, type Sources } from '../src/flow/sources.ts'
import { createFlow } from '../src/flow.ts'
import { newId } from '../src/ids.ts'
import { createLog } from '../src/log.ts'
import type { Rule } from '../src/model/rule.ts'
import type { Store } from '../src/store/index.ts'
import { readSchedule } from '../src/trigger/schedule.ts'
import { type PostgresServer, postgres } from '../test/support/postgres.ts'
import { fillRules, medianOf, openBenchStore } from './world.ts'

const SLOTS = 8
const RULES = 1000
const SECONDS = 4
const SQL = "select count(*) as cnt from pg_class where relkind = 'r' and relname like 'pg_a%'"

export interface EvaluationFigures {
  /** Evaluations a second with trace and state stored durably; queries a second of a bare `pg` loop on the same server. */
  ours: number[]
  bare: number[]
  evaluations_ratio: number
}

/** A pool of 8 on both sides. A slot moves on when its query is answered; what it decided is committed behind it. */
export async function benchEvaluations(runs = 5): Promise<EvaluationFigures> {
  const server = await postgres()
  await bareLoop(server.url, 1)
  const pairs: { ours: number; bare: number }[] = []
  for (let run = 0; run < runs; run += 1) {
    const ours = await evaluationLoop(server, SECONDS)
    const bare = await bareLoop(server.url, SECONDS)
    pairs.push({ ours, bare })
  }
  return {
    ours: pairs.map(({ ours }) => Math.round(ours)),
    bare: pairs.map(({ bare }) => Math.round(bare)),
    evaluations_ratio: medianOf(pairs.map(({ ours, bare }) => ours / bare)),
  }
}

async function bareLoop(url: string, seconds: number): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: SLOTS })
  const until = performance.now() + seconds * 1000
  let count = 0
  const slot = async () => {
    while (performance.now() < until) {
      const { rows } = await pool.query(SQL)
      if (Number(rows[0]?.cnt) > 0) count += 1
    }
  }
  await Promise.all(Array.from({ length: SLOTS }, slot))
  await pool.end()
  return count / seconds
}

async function evaluationLoop(server: PostgresServer, seconds: number): Promise<number> {
  const world = openBenchStore()
  const sources = await openSources(world.store, server)
  const flow = createFlow({
    store: world.store,
    sources,
    clock: systemClock,
    log: createLog(() => {}, 'error', systemClock),
    attachments: { readFile: () => Promise.reject(new Error('no files here')), most: 0 },
    limits: () => ({ baseUrl: null, timeout: 30_000, maxRows: 1000 }),
    signal: new AbortController().signal,
    readSchedule,
  })
  const condition = { text: 'query_result["cnt"] > 1000000' }
  const rules = await fillRules(world.store, RULES, { connection: 'db', query: SQL, condition })
  const tick = { cause: 'schedule' as const, scheduledAt: Date.now(), missedTicks: 0 }
  await drive(rules, 1, (rule, queried) => flow.runRule(rule, tick, queried))
  const count = await drive(rules, seconds, (rule, queried) => flow.runRule(rule, tick, queried))
  await sources.close()
  world.close()
  return count / seconds
}

/** Connections as the daemon has them, with the server's as the only one. */
async function openSources(store: Store, { host, port, database, user, password }: PostgresServer): Promise<Sources> {
  const settings = { host, port, database, user, password, sslmode: 'disable' }
  const row = { project: 'default', name: 'db', kind: 'postgres', settings, sealed: null, createdAt: Date.now() }
  await store.connections.create({ ...row, id: newId('con', Date.now()) })
  return createSources({
    store,
    secrets: { seal: (plain) => plain, open: (sealed) => sealed },
    clock: systemClock,
    context: { poolSize: SLOTS, sqlitePaths: [], deniedPaths: [], self: [], authorities: [] },
    onTrouble: ({ error }) => console.error(error),
  })
}

/** Keeps all slots busy for a while and counts the evaluations that were committed by then. */
async function drive(
  rules: Rule[],
  seconds: number,
  run: (rule: Rule, queried: () => void) => Promise<unknown>,
): Promise<number> {
  const free = [...rules]
  const open = new Set<Promise<unknown>>()
  const until = performance.now() + seconds * 1000
  let count = 0
  const slot = async () => {
    while (performance.now() < until) {
      const rule = free.shift()
      if (rule === undefined) {
        await Promise.race(open)
        continue
      }
      await new Promise<void>((queried) => {
        const whole: Promise<unknown> = run(rule, queried).then(() => {
          if (performance.now() < until) count += 1
          free.push(rule)
          open.delete(whole)
        })
        open.add(whole)
      })
    }
  }
  await Promise.all(Array.from({ length: SLOTS }, slot))
  await Promise.all(open)
  return count
}
