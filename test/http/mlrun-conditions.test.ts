import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'

let daemon: InProcess
let number = 0
beforeAll(async () => {
  daemon = await startInProcess()
})
afterAll(() => daemon.stop())

const results = { val: 5, drift: 0.2, ok: true, txt: 'Off', zero: 0, none: null }
const result = (rest: string) => `{{ run.status.results.${rest} }}`

const send = [
  '',
  '{{ run["status"]["results"]["val"] > 4 }}',
  result('drift > 0.1'),
  result('ok'),
  result('missing'),
  result('missing > 3'),
  result('missing.deeper'),
  '{{ run.metadata.labels["a/b"] == "x" and run.status.results.val == 5 }}',
  ...['0.0', '00', '-0', '1', 'yes', 't', 'True', 'on', 'None', 'null', 'maybe', ' False'],
  '{{ run.status.results | length > 3 }}',
  '{{ range(5)|sum == 10 }}',
  '{{ 5 is divisibleby 5 }}',
  '{{ run.status.state in ["completed","error"] }}',
  result('txt | lower == "off"'),
  '{{ val > }}',
  '{{ unclosed',
  '{% if x %}',
  '{{ 1/0 }}',
  '{{ run.status.results.val > "4" }}',
  '{{ undefined_name.x }}',
  '{{ undefined_name }}',
]
const skip = [
  '{{ run["status"]["results"]["val"] < 4 }}',
  result('txt'),
  result('zero'),
  result('missing == 3'),
  result('missing is defined'),
  '{{ notification.severity == "error" }}',
  ...['False', 'false', 'FALSE', 'no', 'N', 'f', 'F', 'off', 'OFF', '0', 'False\n'],
  '{{ 0 }}',
  '{{ not true }}',
  '{{ run.status.results.val - 5 }}',
  '{% if run.status.results.val > 4 %}False{% endif %}',
]
const cases = [...send.map((text) => [text, true] as const), ...skip.map((text) => [text, false] as const)]

for (const [condition, isSent] of cases)
  test(`§8.2 ${JSON.stringify(condition)}: ${isSent ? 'send' : 'skip'}`, async () => {
    number += 1
    const path = `/api/v1/projects/p/runs/r${number}`
    const run = { name: 'train', state: 'completed', results, labels: { 'a/b': 'x' } }
    await daemon.call('PUT', path, run)
    const notifications = [{ kind: 'console', name: 'n', condition }]
    const { status } = await daemon.call('PUT', `${path}/notifications`, { notifications })
    expect(status).toBe(200)
    const shown = await daemon.call<{ notifications: { statuses: { deliveries: string[] }[] }[] }>(
      'GET',
      `${path}/notifications`,
    )
    expect(shown.body.notifications[0]?.statuses.map(({ deliveries }) => deliveries.length)).toEqual([isSent ? 1 : 0])
  })

test('§8.1 a condition that would take for ever ends and the message is sent', async () => {
  const path = '/api/v1/projects/p/runs/slow'
  await daemon.call('PUT', path, { state: 'completed' })
  const loop = (depth: number, inner: string): string =>
    depth === 0 ? inner : `{% for a${depth} in range(100000) %}${loop(depth - 1, inner)}{% endfor %}`
  const notifications = [{ kind: 'console', name: 'n', condition: loop(3, 'x') }]
  await daemon.call('PUT', `${path}/notifications`, { notifications })
  const shown = await daemon.call<{ notifications: { statuses: { deliveries: string[] }[] }[] }>(
    'GET',
    `${path}/notifications`,
  )
  expect(shown.body.notifications[0]?.statuses[0]?.deliveries).toHaveLength(1)
}, 15_000)
