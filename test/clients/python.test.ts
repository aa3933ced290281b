import { afterAll, beforeAll, expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { program, skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'

const describe = await skipUnless(program('python3', 'python3'))
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

interface Shown {
  name: string
  kind: string
  status: string
  secret_params: Record<string, string>
}

describe("MLRun's calls from Python", () => {
  let daemon: InProcess
  let receiver: Receiver
  let found: {
    blocks: number
    mail: { params: { email_addresses: string[] } }
    secrets: string[]
    run: Shown[]
    schedule: Shown[]
    notifiers: string[]
    environment: Shown[]
    refused: [string, string][]
  }

  beforeAll(async () => {
    ;[daemon, receiver] = await Promise.all([startInProcess(), startReceiver()])
    const run = path('../../clients/python/tests/run_blocks.py')
    const env = { ...process.env, TOCSIN_URL: daemon.url, TOCSIN_TOKEN: daemon.admin, PYTHONDONTWRITEBYTECODE: '1' }
    const args = [run, path('../golden/mlrun/notifications.md'), receiver.url]
    const { stdout } = await promisify(execFile)('python3', args, { env })
    found = JSON.parse(stdout)
  }, 60_000)
  afterAll(async () => {
    await daemon.stop()
    await receiver.close()
  })

  const arrived = (at: string, count: number) =>
    eventually(() => {
      const requests = receiver.received.filter((request) => request.path === at)
      expect(requests).toHaveLength(count)
      return requests
    })

  test('every block of the documentation runs', () => {
    expect(found.blocks).toBe(12)
    expect(found.mail.params.email_addresses).toEqual(['user.name@domain.com'])
  })

  test("the run details are those of the documentation's example", async () => {
    const [request] = await arrived('/override', 1)
    const { message } = JSON.parse(request?.body ?? '')
    const text =
      /^Run Completed \[\{'project': 'jobs', 'name': '[\w-]+', 'status': \{'state': 'completed', 'results': \{'return': 1\}\}, 'host': '[^']+'\}\]$/
    expect(message).toMatch(text)
  })

  test('a function tells its end, a pipeline its start and its end', async () => {
    const requests = await arrived('/webhook', 3)
    const messages = requests.map(({ body }) => JSON.parse(body).message)
    expect(messages.sort()).toEqual([
      'Run completed in project jobs: completed',
      'workflow completed in project pipes: completed',
      'workflow started in project pipes: completed',
    ])
    expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(['GET']))
  })

  test('lists of a live run and of a schedule are set; secrets are set and only named', async () => {
    expect(found.run.map(({ name }) => name)).toEqual(['one', 'two'])
    expect(found.schedule.map(({ name }) => name)).toEqual(['one', 'two'])
    expect(found.secrets).toEqual(['SLACK_SECRET1'])
    await arrived('/live', 2)
  })

  test('notifiers are added, edited and removed; SLACK_WEBHOOK gives the webhook', async () => {
    expect(found.notifiers).toEqual(['git'])
    expect(found.environment).toMatchObject([{ name: 'env', kind: 'slack' }])
    expect(found.environment[0]?.secret_params['secret']).toMatch(/^mlrun\.notifications\./)
    const [request] = await arrived('/slack-one', 1)
    expect(request?.body).toContain('Run completed in project jobs')
  })

  test('what is refused comes as the error MLRun has for it', () => {
    expect(found.refused.map(([kind]) => kind)).toEqual([
      'MLRunInvalidArgumentError',
      'MLRunInvalidArgumentError',
      'MLRunInvalidArgumentError',
      'MLRunNotFoundError',
      'MLRunAccessDeniedError',
    ])
    expect(found.refused[2]?.[1]).toContain("Parameter 'url' is required for WebhookNotification")
  })
})
