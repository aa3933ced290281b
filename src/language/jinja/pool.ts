import { Worker } from 'node:worker_threads'
import { asset } from '../../assets.ts'
import { TemplateError } from '../template-error.ts'
import type { JinjaAnswer, JinjaRequest } from './protocol.ts'
import { limitMemory } from './wasm.ts'

type Without<T> = T extends unknown ? Omit<T, 'id'> : never
/** A request before it has got its number. */
export type JinjaTask = Without<JinjaRequest>
export type JinjaResult = Exclude<JinjaAnswer, { kind: 'ready' | 'error' }>

interface Job {
  task: JinjaTask
  resolve(result: JinjaResult): void
  reject(error: Error): void
}

interface Seat {
  worker: Worker
  ready: boolean
  job: Job | null
  timer: ReturnType<typeof setTimeout> | undefined
}

/** ms a template may take, and how many characters of its variables give it one more; ms until a Worker is ready. */
const LONGEST_RUN = 250
const CHARACTERS_PER_MS = 1000
const LONGEST_START = 10_000
/** ms after which a Worker that has nothing to do is ended. */
const LONGEST_IDLE = 60_000
const MOST_WORKERS = 2
/** 64 MB. */
const MEMORY_PAGES = 1024

const seats = new Set<Seat>()
const waiting: Job[] = []
let wasm: Uint8Array | undefined

/**
 * Runs a task in a Worker, which is ended when it takes longer than 250 ms, or more with large variables. Workers are started when they are needed
 * and end when they have been idle. Throws `TemplateError`.
 */
export function runJinja(task: JinjaTask): Promise<JinjaResult> {
  return new Promise((resolve, reject) => {
    waiting.push({ task, resolve, reject })
    assign()
  })
}

function assign() {
  for (const seat of seats) if (seat.ready && seat.job === null) start(seat)
  const starting = [...seats].filter((seat) => !seat.ready).length
  if (waiting.length > starting && seats.size < MOST_WORKERS) open()
}

function open() {
  wasm ??= limitMemory(asset('minijinja_js_bg.wasm'), MEMORY_PAGES)
  const worker = new Worker(new URL(workerPath(), import.meta.url), { workerData: { wasm } })
  const seat: Seat = { worker, ready: false, job: null, timer: undefined }
  seats.add(seat)
  const failed = (error: Error) => close(seat, new TemplateError(`the Jinja engine failed: ${error.message}`))
  seat.timer = setTimeout(() => failed(new Error('it did not start in time')), LONGEST_START)
  worker.on('message', (answer: JinjaAnswer) => receive(seat, answer))
  worker.on('error', failed)
}

function start(seat: Seat) {
  const job = waiting.shift()
  clearTimeout(seat.timer)
  seat.job = job ?? null
  if (job === undefined) {
    seat.worker.unref()
    seat.timer = setTimeout(() => close(seat), LONGEST_IDLE)
    seat.timer.unref()
    return
  }
  seat.worker.ref()
  // A Worker that has just begun reads large variables slowly.
  const limit = LONGEST_RUN + Math.floor((job.task.kind === 'render' ? job.task.data : 0) / CHARACTERS_PER_MS)
  const late = () => close(seat, new TemplateError(`it takes longer than ${limit} ms`))
  // An answer that waits behind other work of this thread is not late: it is let in first.
  seat.timer = setTimeout(() => setImmediate(() => seat.job === job && late()), limit)
  seat.worker.postMessage({ ...job.task, id: 1 })
}

function receive(seat: Seat, answer: JinjaAnswer) {
  const { job } = seat
  if (answer.kind === 'ready') seat.ready = true
  else if (answer.kind === 'error') {
    job?.reject(new TemplateError(answer.message, answer.line))
    if (answer.broken) return close(seat)
  } else job?.resolve(answer)
  start(seat)
}

function close(seat: Seat, error?: Error) {
  clearTimeout(seat.timer)
  seats.delete(seat)
  if (error !== undefined) {
    seat.job?.reject(error)
    // A Worker that cannot start would be tried for ever.
    if (!seat.ready) for (const job of waiting.splice(0)) job.reject(error)
  }
  seat.job = null
  void seat.worker.terminate()
  assign()
}

/** In the executable the Worker lies beside the main module; in the source tree it lies in the folder above. */
function workerPath(): string {
  return import.meta.url.endsWith('/pool.ts') ? '../jinja-worker.ts' : './jinja-worker.ts'
}
