import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GraphMessage } from '../../../src/channels/microsoft-graph-mail/body.ts'
import { microsoftGraphMail } from '../../../src/channels/microsoft-graph-mail.ts'
import { testHttp } from '../../support/egress.ts'
import { startGraph } from '../../support/fake-graph.ts'
import { serverPackages, serversFolder, skipUnless } from '../../support/requirements.ts'
import { contextOf, settingsOf } from '../contract.ts'
import { firing, messages } from '../messages.ts'

const here = await skipUnless(serverPackages)
const types = join(serversFolder, 'node_modules/@microsoft/microsoft-graph-types/microsoft-graph')

/** What the compiler says of messages as the vendor's own types have them; nothing when they are such. */
function complaints(bodies: unknown[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-graph-types-'))
  const file = join(folder, 'mails.ts')
  const parts = bodies.map((body, index) => {
    const { attachments, ...message } = (body as { message: GraphMessage }).message
    // The vendor's documents write HTML, its types html; Graph takes both.
    const { contentType, content } = message.body
    const rest = { ...message, body: { contentType: contentType.toLowerCase(), content } }
    // A file is one of several kinds of attachments, which the types do not tell apart by their mark.
    const files = attachments.map((each) => ({ ...each, '@odata.type': undefined }))
    return `export const mail${index}: Message = ${JSON.stringify(rest)}
export const files${index}: FileAttachment[] = ${JSON.stringify(files)}`
  })
  writeFileSync(file, `import type { FileAttachment, Message } from '${types}'\n${parts.join('\n')}\n`)
  const tsc = join(serversFolder, '../../node_modules/.bin/tsc')
  const { stdout } = spawnSync(tsc, ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', file], {
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  return stdout
}

here("the vendor's own types", () => {
  test('know every part of what goes to sendMail, and would notice another', async () => {
    const graph = await startGraph()
    const http = testHttp()
    const attachments = [{ name: 'a.csv', contentType: 'text/csv', content: 'YQ==' }]
    const given = {
      ...graph.settings,
      sender: 'Alerts <alerts@example.com>',
      to: 'Ops <a@example.com>',
      cc: 'b@example.com',
      replyTo: 'c@example.com',
    }
    const settings = settingsOf(microsoftGraphMail, given)
    for (const [number, message] of Object.values(messages).entries())
      await microsoftGraphMail.send(
        microsoftGraphMail.render({ ...message, attachments }, settings),
        settings,
        contextOf({ http, deliveryId: `msg_${number}`, previous: { messageId: '<first@example.com>' } }),
      )
    const bodies = graph.mails().map(({ body }) => body)
    expect(bodies).toHaveLength(Object.keys(messages).length)
    expect(complaints(bodies)).toBe('')
    const message = { ...microsoftGraphMail.render(firing, settings).message, importance: 'urgent', bodyKind: 1 }
    expect(complaints([{ message }])).toMatch(/urgent|bodyKind/)
    http.close()
    await graph.close()
  }, 60_000)
})
