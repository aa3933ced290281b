/**
 * `run-load.ts URL TOKEN SECONDS RATE`: sends events of runs, 100 a request over 16 connections, RATE of them a second or
 * as many as are taken (0), and prints what became of them as JSON. A program of its own, so that it shares nothing with
 * what it measures but the machine.
 */
import { percentile } from './world.ts'

const CONNECTIONS = 16
const EVENTS = 100
/** One event in so many is of a state that a rule tells of. */
const WATCHED = 100

export interface Load {
  /** Events that were answered as applied, by the end of the time. */
  accepted: number
  /** The same with those that were answered later. */
  answered: number
  /** Of them, those that a rule tells of. */
  told: number
  /** ms from when a request was due, or began, to its answer. */
  p50: number
  p99: number
  longest: number
}

export async function runLoad(url: string, token: string, seconds: number, rate = 0): Promise<Load> {
  const program = [process.execPath, import.meta.path, url, token, String(seconds), String(rate)]
  const child = Bun.spawn(program, { stdout: 'pipe', stderr: 'inherit' })
  return JSON.parse(await new Response(child.stdout).text()) as Load
}

async function load(url: string, token: string, seconds: number, rate: number): Promise<Load> {
  const start = performance.now()
  const until = start + seconds * 1000
  const took: number[] = []
  const found = { accepted: 0, answered: 0, told: 0 }
  let requests = 0

  async function request(begin: number, first: number) {
    const events = Array.from({ length: EVENTS }, (_, place) => eventOf(first + place))
    const response = await fetch(`${url}/api/v1/runs/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events }),
    })
    const { results } = (await response.json()) as { results: { status: string }[] }
    const applied = results.filter(({ status }) => status === 'applied').length
    const now = performance.now()
    took.push(now - begin)
    found.answered += applied
    found.told += Array.from({ length: EVENTS }, (_, place) => first + place).filter(isTold).length
    if (now < until) found.accepted += applied
  }

  async function connection() {
    for (;;) {
      const number = requests
      requests += 1
      const due = rate === 0 ? performance.now() : start + (number * EVENTS * 1000) / rate
      if (due >= until) return
      if (due > performance.now()) await Bun.sleep(due - performance.now())
      await request(due, number * EVENTS)
    }
  }

  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  return { ...found, p50: percentile(took, 0.5), p99: percentile(took, 0.99), longest: Math.max(...took) }
}

/** No two loads tell of the same run. */
const series = Date.now().toString(36)

/** So many runs begin, then they end: what is told of a run comes in requests of their own, as it does in life. */
const OPEN = CONNECTIONS * EVENTS

function runOf(number: number): number {
  return Math.floor(number / (2 * OPEN)) * OPEN + (number % OPEN)
}

/** The life of a run in two events. */
function eventOf(number: number): object {
  const run = runOf(number)
  const name = isWatched(run) ? `watched-${run % 1000}` : `job-${run % 1000}`
  const shared = { id: `e${number}`, uid: `run-${series}-${run}`, time: 1_780_000_000_000 + number }
  if (isEnd(number)) return { ...shared, state: 'completed', results: { rows: number, accuracy: 0.93 } }
  return { ...shared, name, kind: 'job', state: 'running', labels: { team: 'data', env: 'prod' }, host: 'worker-7' }
}

function isWatched(run: number): boolean {
  return run % (WATCHED / 2) === 0
}

function isEnd(number: number): boolean {
  return number % (2 * OPEN) >= OPEN
}

function isTold(number: number): boolean {
  return isEnd(number) && isWatched(runOf(number))
}

if (import.meta.main) {
  const [url = '', token = '', seconds = '5', rate = '0'] = process.argv.slice(2)
  console.log(JSON.stringify(await load(url, token, Number(seconds), Number(rate))))
}
