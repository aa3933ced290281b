import pg from 'pg'
import { systemClock } from '../src/clock.ts'
import { connectionKinds } from '../src/connections/index.ts'
import type { Sources } from '../src/flow/sources.ts'
import { createFlow } from '../src/flow.ts'
import { newId } from '../src/ids.ts'
import { createLog } from '../src/log.ts'
import type { Rule } from '../src/model/rule.ts'
import { postgres } from '../test/support/postgres.ts'
import { definitionOf } from '../test/support/rules.ts'
import { openBenchStore } from './world.ts'

const SLOTS = 8
const RULES = 200
const SQL = "select count(*) as cnt from pg_class where relkind = 'r' and relname like 'pg_a%'"

/** Evaluations a second with trace and state stored durably, and queries a second of a bare `pg` loop, on one Postgres. */
export async function measureEvaluations(seconds: number): Promise<{ ours: number; bare: number }> {
  const server = await postgres()
  const bare = await bareLoop(server.url, seconds)
  const ours = await evaluationLoop(server, seconds)
  return { ours, bare }
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

async function evaluationLoop(server: Awaited<ReturnType<typeof postgres>>, seconds: number): Promise<number> {
  const world = openBenchStore()
  const connection = connectionKinds.postgres.open(
    {
      host: server.host,
      port: server.port,
      database: server.database,
      user: server.user,
      password: server.password,
      sslmode: 'disable',
    } as never,
    { poolSize: SLOTS, sqlitePaths: [], deniedPaths: [], self: [], authorities: [] },
  )
  const sources: Pick<Sources, 'query'> = { query: (_project, _name, sql, options) => connection.query(sql, options) }
  const flow = createFlow({
    store: world.store,
    sources: sources as Sources,
    clock: systemClock,
    log: createLog(() => {}, 'error', systemClock),
    baseUrl: null,
    timeout: 30_000,
    maxRows: 1000,
    signal: new AbortController().signal,
  })
  const rules: Rule[] = []
  for (let number = 0; number < RULES; number += 1) {
    const definition = definitionOf({
      name: `rule ${number}`,
      query: SQL,
      condition: { text: 'query_result["cnt"] > 1000000' },
    })
    rules.push(
      await world.store.rules.create({
        id: newId('rul', Date.now()),
        project: 'default',
        definition,
        inline: {},
        origin: null,
        warnings: [],
        blocked: null,
        createdBy: 'bench',
        createdAt: Date.now(),
        nextDueAt: null,
      }),
    )
  }
  const count = await drive(rules, seconds, (rule, queried) =>
    flow.runRule(rule, { cause: 'schedule', scheduledAt: Date.now(), missedTicks: 0 }, queried),
  )
  await connection.close()
  world.close()
  return count / seconds
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
