// One life of a delivering process, to be killed at any moment. It says `warm` and waits for a line on its standard
// input, then owns the database in the folder it was given, queues messages as fast as they are accepted and sends them
// to a webhook. Ids that were accepted go to standard output, one a line. With the line `drain` it only sends what is
// left, and ends.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../src/assets.ts'
import { webhook } from '../../src/channels/webhook.ts'
import { systemClock } from '../../src/clock.ts'
import { createTargetOpener } from '../../src/deliver/resolve-target.ts'
import { createWorker } from '../../src/deliver/worker.ts'
import { newId } from '../../src/ids.ts'
import { createLog } from '../../src/log.ts'
import { createPrograms } from '../../src/programs.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createStore } from '../../src/store/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { newDelivery, newMessage } from './deliveries.ts'
import { testHttp } from './egress.ts'

const [folder = '', url = ''] = process.argv.slice(2)
writeSync(1, 'warm\n')
const order = await new Promise<string>((resolve) => process.stdin.once('data', (data) => resolve(String(data).trim())))

const database = openDatabase(join(folder, 'tocsin.db'))
migrate(database, migrations(), null)
const store = createStore(database, systemClock)
const channelOf = (kind: string) => (kind === 'webhook' ? webhook : undefined)
const openTarget = createTargetOpener({
  channels: store.channels,
  projectSecrets: store.notificationLists,
  channelOf,
  secrets: { open: (sealed: string) => sealed },
})
const worker = createWorker({
  store,
  channelOf,
  openTarget,
  http: testHttp(),
  clock: systemClock,
  log: createLog(() => {}, 'error', systemClock),
  print: () => {},
  programs: createPrograms([]),
  random: () => 0,
})
await worker.start()

const target = { channelId: null, kind: 'webhook', destination: 'hook', settings: { url }, sealed: null }
let made = 0
while (order !== 'drain') {
  const batch = Array.from({ length: 8 }, () => {
    const id = newId('msg', Date.now())
    const message = newMessage('firing', id)
    return newDelivery({ id, target, message, fingerprints: [`${made++ % 100}`], createdAt: Date.now() })
  })
  await store.deliveries.enqueue(batch)
  writeSync(1, `${batch.map(({ id }) => id).join('\n')}\n`)
  // The queue stays longer than what is under way, without growing for ever.
  while ((await store.deliveries.counts()).pending > 100) await Bun.sleep(1)
}
for (;;) {
  const { pending, sending } = await store.deliveries.counts()
  if (pending + sending === 0) break
  await Bun.sleep(5)
}
await worker.stop(1000)
store.close()
process.exit(0)
