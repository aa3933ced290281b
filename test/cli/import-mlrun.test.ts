import { afterAll, beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importMlrun } from '../../src/cli/import-mlrun.ts'
import { keptTerminal } from '../support/command.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'

let daemon: InProcess
beforeAll(async () => {
  daemon = await startInProcess()
})
afterAll(() => daemon.stop())

const notification = {
  kind: 'webhook',
  name: 'n',
  when: ['completed', 'done'],
  params: { url: 'https://example.com/x' },
}

async function run(content: unknown, more: { apply?: boolean; json?: boolean; run?: string; schedule?: string } = {}) {
  const file = join(daemon.folder, 'mlrun.json')
  writeFileSync(file, JSON.stringify(content))
  const { terminal, printed } = keptTerminal()
  const options = { url: daemon.url, token: daemon.admin, apply: false, json: false, ...more }
  return { code: await importMlrun(terminal, file, options), out: printed().out }
}

const listed = async (schedule: string) =>
  (await daemon.call<{ notifications: { name: string }[] }>('GET', `/api/v1/schedules/${schedule}/notifications`)).body
    .notifications

test('shows what a list becomes and stores nothing; --apply stores it', async () => {
  const plan = await run([notification], { schedule: 'nightly' })
  expect(plan).toEqual({ code: 0, out: expect.stringContaining('takes  "n" (webhook, when completed, done)') })
  expect(plan.out).toContain('warning  when: "done" is no state')
  expect(plan.out).toContain('1 notification would be taken')
  expect(await listed('nightly')).toEqual([])
  expect((await run([notification], { schedule: 'nightly', apply: true })).out).toContain('took  "n"')
  expect((await listed('nightly')).map(({ name }) => name)).toEqual(['n'])
})

test('a schedule and a run of MLRun say themselves whose they are', async () => {
  const schedule = { name: 'weekly', scheduled_object: { task: { spec: { notifications: [notification] } } } }
  await run(schedule, { apply: true })
  expect((await listed('weekly')).map(({ name }) => name)).toEqual(['n'])
  const ofRun = { metadata: { uid: 'r9' }, spec: { notifications: [notification] } }
  expect(run(ofRun, { apply: true })).rejects.toThrow('There is no run "r9"')
  await daemon.call('PUT', '/api/v1/runs/r9', { state: 'running' })
  expect(JSON.parse((await run(ofRun, { apply: true, json: true })).out)).toMatchObject({ applied: true })
})

test('what is wrong is told by its path, and a list of nobody asks whose it is', async () => {
  expect(run([{ ...notification, kind: 'pager' }], { schedule: 's' })).rejects.toThrow(
    /notifications\.0\.kind: must be one of/,
  )
  expect(run([notification])).rejects.toThrow('--schedule NAME or --run UID')
})

test('ipython is taken and stays inactive, and the plan says so', async () => {
  const list = [notification, { kind: 'ipython', name: 'notebook', when: ['completed'], params: {} }]
  const plan = await run(list, { schedule: 'hourly' })
  expect(plan.out).toContain('takes  "notebook" (ipython, when completed)')
  expect(plan.out).toContain('ipython shows messages in a notebook; it is kept and does nothing here')
  expect((await run(list, { schedule: 'hourly', apply: true })).code).toBe(0)
  expect((await listed('hourly')).map(({ name }) => name)).toEqual(['n', 'notebook'])
})
