import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importFrom, type Product } from '../../src/cli/import.ts'
import { AppError } from '../../src/errors.ts'
import { keptTerminal } from '../support/command.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { documentObject, exampleObject, plainObject } from '../support/notifications.ts'

let daemon: InProcess
beforeAll(async () => {
  daemon = await startInProcess()
})
afterAll(() => daemon.stop())

/** Runs the verb on a file of this content. */
async function run(content: unknown, more: { apply?: boolean; fix?: boolean; json?: boolean; product?: Product } = {}) {
  const file = join(daemon.folder, 'notifications.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  const { terminal, printed } = keptTerminal()
  const options = { url: daemon.url, token: daemon.admin, apply: false, fix: false, json: false, ...more }
  return { code: await importFrom(more.product ?? 'vianops', terminal, file, options), out: printed().out }
}

const stored = async () =>
  (await daemon.call<{ notifications: unknown[] }>('GET', '/api/v1/export/vianops')).body.notifications.length

describe('tocsin import vianops', () => {
  test('shows the plan and stores nothing', async () => {
    const { code, out } = await run([documentObject(), exampleObject()])
    expect(code).toBe(0)
    expect(out).toContain('create  "drift_notify_sample"')
    expect(out).toContain('goes to  its own console channel')
    expect(out).toContain('goes to  a mail channel, once the rule names one')
    expect(out).toContain('waits    connection: there is no connection "Risk Store DB"')
    expect(out).toContain('its only column "count" is used instead')
    expect(out).toContain('fix      condition: query_result["count"] > 0')
    expect(out).toContain('2 of 2 notifications would be taken.')
    expect(out).toContain('Add --apply to do it.')
    expect(await stored()).toBe(0)
  })

  test('does it with --apply, and tells of refused ones by its exit code', async () => {
    const { code, out } = await run({ notifications: [plainObject(), { name: 'half' }] }, { apply: true })
    expect(code).toBe(1)
    expect(out).toContain('create  "drift" (index 1)\n  goes to  its own webhook channel')
    expect(out).toContain('refuse  "half"')
    expect(out).toContain('error    runschedule: is missing')
    expect(out).toContain('1 of 2 notifications were taken.')
    expect(await stored()).toBe(1)
    expect((await run(plainObject(), { apply: true })).out).toContain('unchanged  "drift" (index 1)')
  })

  test('makes a Slack channel of a Slack webhook, whose address comes back only in the export', async () => {
    const restendpoint = 'https://hooks.slack.com/services/T0/B0/canary'
    const object = plainObject({ name: 'to slack', restendpoint, restbodytemplate: '' })
    const { code, out } = await run(object, { apply: true })
    expect([code, out]).toEqual([0, expect.stringContaining('  goes to  its own slack channel')])
    const { body: rule } = await daemon.call<{ routes: unknown[] }>('GET', '/api/v1/rules/to%20slack')
    expect(rule.routes).toMatchObject([{ channel: { kind: 'slack', settings: { mode: 'webhook' } } }])
    expect(JSON.stringify(rule)).not.toContain('canary')
    const { body } = await daemon.call<{ notifications: { name: string }[] }>('GET', '/api/v1/export/vianops')
    expect(body.notifications.find(({ name }) => name === 'to slack')).toMatchObject({
      ...{ restendpoint, restrequestmethod: 'POST', restbodytemplate: '' },
    })
    expect((await run(object, { apply: true })).out).toContain('unchanged  "to slack"')
  })

  test('gives the report as JSON', async () => {
    const { out } = await run(plainObject(), { json: true })
    expect(JSON.parse(out)).toMatchObject({
      applied: false,
      items: [{ action: 'unchanged', name: 'drift', goesTo: 'its own webhook channel' }],
    })
  })

  test('a file that is no JSON is refused', async () => {
    await expect(run('{"name": ')).rejects.toThrow(AppError)
  })
})

describe('tocsin import dataiku', () => {
  test('shows channels and reporters, and stores them with --apply', async () => {
    const file = {
      channels: [
        { id: 'hooks', type: 'slack', configuration: { mode: 'WEBHOOK', webhookUrl: 'https://hooks.test/x' } },
      ],
      scenarios: [
        {
          ...{ id: 'S', name: 'nightly' },
          reporters: [
            {
              name: 'told',
              phase: 'END',
              messaging: { type: 'slack-scenario', configuration: { channelId: 'hooks' } },
            },
          ],
        },
      ],
    }
    const plan = await run(file, { product: 'dataiku' })
    expect(plan.code).toBe(0)
    expect(plan.out).toContain('create  "hooks"\n  goes to  a channel of the kind slack')
    expect(plan.out).toContain('create  "nightly: told"\n  goes to  the channel "hooks"')
    expect(plan.out).not.toContain('waits')
    expect(plan.out).toContain('2 of 2 objects would be taken.')
    expect((await run(file, { product: 'dataiku', apply: true })).out).toContain('2 of 2 objects were taken.')
    expect((await run(file, { product: 'dataiku', apply: true })).out).toContain('unchanged  "nightly: told"')
    expect((await run({ reporters: [{ messaging: {} }] }, { product: 'dataiku' })).code).toBe(1)
  })

  const mail = (message: string) => ({
    scenarios: [
      {
        name: 'mailed',
        reporters: [
          {
            ...{ name: 'told', phase: 'END' },
            messaging: {
              type: 'mail-scenario',
              configuration: { recipient: 'a@x.test', messageSource: 'INLINE', templateFormat: 'FREEMARKER', message },
            },
          },
        ],
      },
    ],
  })

  test('shows a template of Freemarker and what it becomes side by side, and keeps the original', async () => {
    const original = `Run \${scenarioName} ended.\n<#if outcome == "FAILED">\n\tBad \u001b[31m\${scenarioRunURL!"nowhere"}\n</#if>\n${'long '.repeat(20)}`
    const { out, code } = await run(mail(original), { product: 'dataiku' })
    const rows = out.slice(out.indexOf('template messaging.configuration.message')).split('\n')
    expect(rows[1]).toMatch(/^ {4}Freemarker {46} \| Liquid$/)
    expect(rows[3]).toMatch(/^ {4}Run \$\{scenarioName\} ended\. +\| Run \{\{ scenarioName \}\} ended\.$/)
    expect(rows[4]).toMatch(/^ {4}<#if outcome == "FAILED"> +\| .*\{% if outcome == "FAILED" %\}/)
    expect(out).not.toContain('\u001b')
    expect(out).toContain('\\x1b[31m')
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(4 + 56 + 3 + 56)
    expect(out.match(/long/g)).toHaveLength(40)
    expect(code).toBe(0)

    const { items } = JSON.parse((await run(mail(original), { product: 'dataiku', json: true, apply: true })).out)
    expect(items[0].templates).toEqual([
      {
        field: 'messaging.configuration.message',
        original,
        liquid: expect.stringContaining('{% if outcome == "FAILED" %}'),
      },
    ])
    const rule = await daemon.call<{ routes: { body: unknown }[] }>('GET', '/api/v1/rules/mailed%3A%20told')
    expect(rule.body.routes[0]?.body).toEqual({ engine: 'liquid', text: items[0].templates[0].liquid })
    const exported = await daemon.call('GET', '/api/v1/export/dataiku')
    expect(exported.body).toMatchObject({
      scenarios: [{}, { reporters: [{ messaging: { configuration: { message: original } } }] }],
    })
  })

  test('shows the original of a template that cannot be converted, with line and column', async () => {
    const original = 'one\n  <#include "x.ftl">'
    const report = await run(mail(original), { product: 'dataiku' })
    expect(report.out).toMatch(/message: line 2, column 3: .*The built-in message is sent\./)
    expect(report.out).toMatch(/one +\| cannot be converted; see above\n {4} {2}<#include "x\.ftl"> +\|/)
    const { items } = JSON.parse((await run(mail(original), { product: 'dataiku', json: true })).out)
    expect(items[0].templates).toEqual([{ field: 'messaging.configuration.message', original, liquid: null }])
  })
})
