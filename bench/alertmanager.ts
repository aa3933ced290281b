import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/support/servers.ts'
import type { Receiver } from './receiver.ts'

const ALERTS = 10_000
const BATCH = 500

/** Whether Prometheus Alertmanager is installed here. */
export function alertmanagerProgram(): string | null {
  for (const name of ['prometheus-alertmanager', 'alertmanager'])
    if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return name
  return null
}

/** Webhooks a second from an in-memory Alertmanager: 10,000 alerts, each its own group, no wait. */
export async function alertmanagerRate(program: string, receiver: Receiver): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const port = await freePort()
  const config = {
    route: { receiver: 'hook', group_by: ['alertname'], group_wait: '0s', group_interval: '1m', repeat_interval: '1h' },
    receivers: [{ name: 'hook', webhook_configs: [{ url: receiver.url, send_resolved: false }] }],
  }
  writeFileSync(join(folder, 'am.yml'), JSON.stringify(config))
  const options = [`--config.file=${folder}/am.yml`, `--storage.path=${folder}/data`, '--cluster.listen-address=']
  const child = spawn(program, [...options, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], {
    stdio: 'ignore',
  })
  try {
    const url = `http://127.0.0.1:${port}/api/v2`
    while (
      !(await fetch(`${url}/status`).then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      await Bun.sleep(20)
    const before = await receiver.count()
    const begin = performance.now()
    for (let first = 0; first < ALERTS; first += BATCH) {
      const alerts = Array.from({ length: BATCH }, (_, index) => ({
        labels: { alertname: `alert ${first + index}`, severity: 'warning' },
        annotations: { summary: 'A value is above its limit.' },
      }))
      const answer = await fetch(`${url}/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      })
      if (!answer.ok) throw new Error(`Alertmanager refused the alerts: ${answer.status}`)
    }
    while ((await receiver.count()) - before < ALERTS) await Bun.sleep(5)
    return (ALERTS * 1000) / (performance.now() - begin)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}
