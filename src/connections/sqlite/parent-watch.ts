/**
 * The Worker beside a process that runs SQLite queries: a query keeps the main thread, which then does not hear that the
 * daemon has gone. It ends the process when its parent is another one.
 */
import { parentPort, workerData } from 'node:worker_threads'

const { parent, every } = workerData as { parent: number; every: number }

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, every)
parentPort?.postMessage('watching')
