import http from 'node:http'
import Sqlite from 'better-sqlite3'

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

/**
 * The thinnest outbox that keeps the same promises: an attempt row before each send, full sync, one thread, one commit
 * for each turn of the event loop with the results and the next claims in it. It knows no order, retries or breakers.
 * Resolves when everything is delivered and recorded.
 */
export function deliverThinly(file: string, units: readonly Unit[]): Promise<void> {
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
  const agent = new http.Agent({ keepAlive: true, scheduling: 'lifo' })

  return new Promise((resolve, reject) => {
    let waiting = [...units]
    let finished: { seq: number; response: string }[] = []
    let inFlight = 0
    let delivered = 0
    let planned = false

    const plan = () => {
      if (planned) return
      planned = true
      setImmediate(turn)
    }

    const turn = () => {
      planned = false
      const now = Date.now()
      const rows = database.transaction(() => {
        for (const { id, url, body } of waiting) insert.run(id, url, body, now)
        for (const { seq, response } of finished) {
          finish.run(now, seq)
          close.run(now, response, seq)
        }
        delivered += finished.length
        inFlight -= finished.length
        const claimed = due.all(now, IN_FLIGHT - inFlight)
        for (const { seq } of claimed) {
          claim.run(seq)
          open.run(seq, now)
        }
        return claimed
      })()
      waiting = []
      finished = []
      inFlight += rows.length
      if (delivered === units.length) {
        agent.destroy()
        database.close()
        return resolve()
      }
      for (const row of rows)
        post(agent, row).then((response) => {
          finished.push({ seq: row.seq, response })
          plan()
        }, reject)
    }
    plan()
  })
}

function post(agent: http.Agent, { id, url, body }: Row): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    }
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString())
        else reject(new Error(`The receiver answered ${response.statusCode}.`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
