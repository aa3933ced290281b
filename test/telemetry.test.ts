import { beforeEach, describe, expect, test } from 'bun:test'
import { createLog } from '../src/log.ts'
import { createTelemetry, type Snapshot, type Telemetry } from '../src/telemetry.ts'
import { type ManualClock, manualClock } from './support/manual-clock.ts'

let lines: string[]
let clock: ManualClock
let telemetry: Telemetry
beforeEach(() => {
  lines = []
  clock = manualClock(1_000_000)
  const log = createLog((line) => lines.push(line), 'info', clock)
  telemetry = createTelemetry(log, { version: '1.2.3', runtime: 'bun' }, clock.now)
})

const nothing: Snapshot = {
  rules: {},
  alerts: {},
  deliveries: {},
  oldestOpen: null,
  connections: 0,
  channels: 0,
  breakersOpen: 0,
  channelsDisabled: 0,
  bytes: 0,
  lastBackupAt: null,
  waiting: 0,
  running: 0,
  isReady: true,
}

/** Values by series, comments left out. */
async function values(snapshot: Partial<Snapshot> = {}): Promise<Record<string, number>> {
  const { text } = await telemetry.render({ ...nothing, ...snapshot })
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

const evaluation = {
  project: 'default',
  rule: 'a',
  evaluation: 'evl_1',
  cause: 'schedule' as const,
  verdict: 'true' as const,
  value: '1',
  rows: 1,
  took: 50,
  queryTime: 40,
  late: 250,
  queued: 1,
}
const sent = { delivery: 'msg_1', channel: 'chn_1', kind: 'webhook', destination: 'https://x', attempt: 1, took: 30 }

describe('what is counted', () => {
  test('evaluations by verdict, with the time of their queries and how late they began', async () => {
    telemetry.log.evaluationFinished(evaluation)
    telemetry.log.evaluationFinished({ ...evaluation, verdict: 'error', queryTime: null, late: null })
    const found = await values()
    expect(found['tocsin_evaluations_total{verdict="true"}']).toBe(1)
    expect(found['tocsin_evaluations_total{verdict="error"}']).toBe(1)
    expect(found['tocsin_evaluations_total{verdict="false"}']).toBe(0)
    expect(found['tocsin_query_duration_seconds_sum']).toBeCloseTo(0.04)
    expect(found['tocsin_query_duration_seconds_count']).toBe(1)
    expect(found['tocsin_scheduler_lateness_seconds_sum']).toBeCloseTo(0.25)
  })

  test('attempts by outcome, and messages once their sending has ended', async () => {
    telemetry.log.deliveryFailed({ ...sent, outcome: 'retryable', next: 'pending', reason: 'http-500' })
    telemetry.log.delivered(sent)
    telemetry.log.deliveryFailed({ ...sent, kind: 'mail', outcome: 'retryable', next: 'dead', reason: 'timeout' })
    const found = await values()
    expect(found['tocsin_delivery_attempts_total{kind="webhook",outcome="retryable"}']).toBe(1)
    expect(found['tocsin_delivery_attempts_total{kind="webhook",outcome="delivered"}']).toBe(1)
    expect(found['tocsin_deliveries_total{kind="webhook",outcome="delivered"}']).toBe(1)
    expect(found['tocsin_deliveries_total{kind="mail",outcome="dead"}']).toBe(1)
    expect(Object.keys(found).filter((series) => /deliveries_total.*pending/.test(series))).toEqual([])
  })

  test('alerts that moved, commits, reloads, defects', async () => {
    telemetry.log.alertsChanged({
      project: 'default',
      rule: 'a',
      evaluation: 'evl_1',
      states: { firing: 3, normal: 2 },
    })
    telemetry.committed(40, 4)
    telemetry.log.defect({ where: 'x', error: new Error('y') })
    telemetry.log.reloadFailed({ reason: 'z' })
    const found = await values()
    expect(found['tocsin_alert_changes_total{state="firing"}']).toBe(3)
    expect(found['tocsin_commit_units_sum']).toBe(40)
    expect(found['tocsin_commit_duration_seconds_bucket{le="0.005"}']).toBe(1)
    expect(found['tocsin_defects_total']).toBe(1)
    expect(found['tocsin_config_last_reload_successful']).toBe(0)
    clock.advance(5000)
    telemetry.log.reloaded({ changed: [], needRestart: [] })
    expect((await values())['tocsin_config_last_reload_success_timestamp_seconds']).toBe(1005)
  })

  test('every event is logged as before', () => {
    telemetry.log.evaluationFinished(evaluation)
    telemetry.log.breakerClosed({ project: 'default', connection: 'x' })
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['evaluationFinished', 'breakerClosed'])
  })
})

describe('what is looked up', () => {
  test('states that nothing is in are 0, and go back to 0', async () => {
    expect((await values({ alerts: { firing: 4 } }))['tocsin_alerts{state="firing"}']).toBe(4)
    const found = await values()
    expect(found['tocsin_alerts{state="firing"}']).toBe(0)
    expect(found['tocsin_outbox_deliveries{state="pending"}']).toBe(0)
  })

  test('the age of the longest waiting message', async () => {
    expect((await values({ oldestOpen: 940_000 }))['tocsin_outbox_oldest_seconds']).toBe(60)
    expect((await values())['tocsin_outbox_oldest_seconds']).toBe(0)
  })

  test('the process itself', async () => {
    const found = await values()
    expect(found['process_resident_memory_bytes']).toBeGreaterThan(1e6)
    expect(found['process_cpu_seconds_total']).toBeGreaterThan(0)
    expect(Math.abs((found['process_start_time_seconds'] ?? 0) - Date.now() / 1000)).toBeLessThan(86_400)
  })
})

test('there are no more series however many rules, destinations and paths there are', async () => {
  const count = async () => Object.keys(await values()).length
  const spread = (index: number) => {
    telemetry.log.evaluationFinished({ ...evaluation, rule: `rule ${index}`, project: `project ${index}` })
    telemetry.log.delivered({
      ...sent,
      channel: `chn_${index}`,
      destination: `https://host${index}`,
      delivery: `${index}`,
    })
    telemetry.log.requestFinished({ method: `M${index}`, path: `/${index}`, status: 404, took: 1 })
  }
  spread(0)
  const before = await count()
  for (let index = 1; index < 200; index += 1) spread(index)
  expect(await count()).toBe(before)
})
