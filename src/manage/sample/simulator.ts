import Sqlite from 'better-sqlite3'
import type { Cancel, Clock } from '../../clock.ts'

/** A database of a team that serves models; its figures change every second. */
export interface Simulator {
  stop(): void
}

/** A model drifts when its score is above this. */
export const DRIFT_LIMIT = 0.25
/** Figures repeat after this many seconds. */
const CYCLE = 80

/** Which seconds of the cycle a model drifts in. */
const models = [
  { name: 'churn', calm: 0.12, drifted: 0.41, from: 3, to: 28 },
  { name: 'pricing', calm: 0.08, drifted: 0.33, from: 40, to: 58 },
  { name: 'ranking', calm: 0.17, drifted: 0.17, from: 0, to: 0 },
]
/** Which seconds of the cycle predictions fail in. */
const outage = { from: 0, to: 45 }

/** Makes the database anew with the figures of the first second, then keeps changing them. */
export function startSimulator(file: string, clock: Clock): Simulator {
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.exec(`
    CREATE TABLE IF NOT EXISTS drift (model TEXT PRIMARY KEY, score REAL NOT NULL, measured_at TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS predictions (model TEXT PRIMARY KEY, requests INTEGER NOT NULL, failed INTEGER NOT NULL);`)
  const setDrift = database.prepare('INSERT OR REPLACE INTO drift VALUES (?, ?, ?)')
  const setPredictions = database.prepare('INSERT OR REPLACE INTO predictions VALUES (?, ?, ?)')
  const started = clock.now()
  let cancel: Cancel = () => {}

  const step = database.transaction(() => {
    const second = Math.floor((clock.now() - started) / 1000)
    const now = new Date(clock.now()).toISOString()
    for (const { name, score, requests, failed } of figures(second)) {
      setDrift.run(name, score, now)
      setPredictions.run(name, requests, failed)
    }
  })
  function plan() {
    cancel = clock.at(clock.now() + 1000, () => {
      try {
        step()
      } catch {
        // A full disk, or somebody who holds the file: the next second may do better.
      }
      plan()
    })
  }

  step()
  plan()
  return {
    stop() {
      cancel()
      database.close()
    },
  }
}

/** What the database says at a second of the story. */
export function figures(second: number) {
  const at = second % CYCLE
  const isFailing = at >= outage.from && at < outage.to
  return models.map(({ name, calm, drifted, from, to }, index) => {
    const wave = 0.02 * Math.sin(second / 3 + index)
    const score = Number(((at >= from && at < to ? drifted : calm) + wave).toFixed(3))
    const requests = 1000 + ((second * 37 + index * 211) % 300)
    const failed = Math.round(requests * (isFailing && name === 'pricing' ? 0.31 : 0.01))
    return { name, score, requests, failed }
  })
}
