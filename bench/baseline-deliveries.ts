import Sqlite from 'better-sqlite3'
import type { Http } from '../src/net.ts'

/** One thing to send: where to and what. */
export interface Unit {
  id: string
  url: string
  body: string
}

interface Row extends Unit {
  seq: number
}

const IN_FLIGHT = 32

/** A queue that promises what was accepted, and tells when all of it is delivered and recorded. */
export interface ThinOutbox {
  enqueue(unit: Unit): Promise<void>
  drained(): Promise<void>
  close(): void
}

/**
 * The thinnest outbox that keeps the same promises and uses the same HTTP client: an attempt row before each send, full sync, one thread, one commit
 * for each turn of the event loop with new units, results and the next claims in it. It knows no rules, order, retries
 * or breakers, and its units are requests ready to go.
 */
export function openThinOutbox(file: string, http: Http): ThinOutbox {
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.exec(`
    CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, body TEXT NOT NULL,
      state TEXT NOT NULL, due_at INTEGER, finished_at INTEGER);
    CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
    CREATE TABLE attempts (outbox INTEGER NOT NULL REFERENCES outbox (seq), number INTEGER NOT NULL,
      started_at INTEGER NOT NULL, finished_at INTEGER, outcome TEXT, response TEXT, PRIMARY KEY (outbox, number));`)
  const insert = database.prepare("INSERT INTO outbox (id, url, body, state, due_at) VALUES (?, ?, ?, 'pending', ?)")
  const due = database.prepare<[number, number], Row>(
    'SELECT seq, id, url, body FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?',
  )
  const claim = database.prepare("UPDATE outbox SET state = 'sending', due_at = NULL WHERE seq = ?")
  const open = database.prepare('INSERT INTO attempts (outbox, number, started_at) VALUES (?, 1, ?)')
  const finish = database.prepare("UPDATE outbox SET state = 'delivered', finished_at = ? WHERE seq = ?")
  const close = database.prepare(
    "UPDATE attempts SET finished_at = ?, outcome = 'delivered', response = ? WHERE outbox = ? AND number = 1",
  )
  const { signal } = new AbortController()

  let waiting: { unit: Unit; accepted: () => void }[] = []
  let finished: { seq: number; response: string }[] = []
  let unfinished = 0
  let inFlight = 0
  let planned = false
  let drained = () => {}

  function plan() {
    if (planned) return
    planned = true
    setImmediate(turn)
  }

  function turn() {
    planned = false
    const now = Date.now()
    const [units, results] = [waiting, finished]
    waiting = []
    finished = []
    inFlight -= results.length
    const rows = database.transaction(() => {
      for (const { unit } of units) insert.run(unit.id, unit.url, unit.body, now)
      for (const { seq, response } of results) {
        finish.run(now, seq)
        close.run(now, response, seq)
      }
      const claimed = due.all(now, IN_FLIGHT - inFlight)
      for (const { seq } of claimed) {
        claim.run(seq)
        open.run(seq, now)
      }
      return claimed
    })()
    inFlight += rows.length
    unfinished += units.length - results.length
    for (const { accepted } of units) accepted()
    if (unfinished === 0) drained()
    for (const row of rows)
      void post(http, row, signal).then((response) => {
        finished.push({ seq: row.seq, response })
        plan()
      })
  }

  return {
    enqueue: (unit) =>
      new Promise((accepted) => {
        waiting.push({ unit, accepted })
        plan()
      }),
    drained: () =>
      new Promise((resolve) => {
        drained = resolve
      }),
    close: () => database.close(),
  }
}

async function post(http: Http, { id, url, body }: Row, signal: AbortSignal): Promise<string> {
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
  }
  const response = await http.request({ method: 'POST', url, headers, body, signal })
  if (response.status !== 200) throw new Error(`The receiver answered ${response.status}.`)
  return response.body
}
