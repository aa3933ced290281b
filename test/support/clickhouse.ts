import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once, type Requirement, serverPackage, serversFolder } from './requirements.ts'
import { eventually, freePort, startServer } from './servers.ts'

/** A real ClickHouse on a loopback port, HTTP only. */
export interface ClickhouseServer {
  url: string
  port: number
  database: string
  /** May do anything. */
  user: string
  password: string
  /** A user whose profile is read-only already, so that no setting can be changed. */
  watcher: { user: string; password: string }
  /** A user whose profile is read-only and lets settings be changed. */
  limited: { user: string; password: string }
  /** Runs one statement; gives the answer's text (tab-separated unless the SQL says FORMAT). */
  execute(sql: string): Promise<string>
  /** Ends the server as a crash would. */
  kill(): Promise<void>
  /** Starts it again with the same data, on the same port. */
  restart(): Promise<void>
}

const library = '@chdb/lib-linux-x64-gnu'

export const clickhouseServer: Requirement = { ...serverPackage(library), name: 'a ClickHouse server' }

/** The ClickHouse that all tests of this run share: started at the first call, ended with the run. */
export function clickhouse(): Promise<ClickhouseServer> {
  return once('clickhouse', startClickhouse)
}

/** A ClickHouse of one's own, to be killed and started again; ended with the run. */
export async function startClickhouse(): Promise<ClickhouseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-clickhouse-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'config.xml'), config(folder))
  writeFileSync(join(folder, 'users.xml'), users)
  const port = await freePort()
  const shared = join(serversFolder, 'node_modules', library, 'libchdb.so')
  const command = `'${process.execPath}' '${join(serversFolder, 'clickhouse.ts')}' '${shared}' ${port} ${folder}/data --config-file ${folder}/config.xml`
  const program = { command, end: 'KILL', crash: 'KILL', folder }

  let running = startServer(program)
  const url = `http://127.0.0.1:${port}`
  async function execute(sql: string) {
    const headers = { 'X-ClickHouse-User': admin.user, 'X-ClickHouse-Key': admin.password }
    const response = await fetch(url, { method: 'POST', headers, body: sql })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return text
  }
  const ready = () => eventually(() => execute('SELECT 1'), 30_000)
  await ready()
  return {
    url,
    port,
    database: 'default',
    ...admin,
    watcher: { user: 'watcher', password: 'only looking' },
    limited: { user: 'limited', password: 'only looking' },
    execute,
    kill: () => running.kill(),
    async restart() {
      running = startServer(program)
      await ready()
    },
  }
}

const admin = { user: 'keeper', password: 'correct horse' }

const config = (folder: string) => `<clickhouse>
  <users_config>${folder}/users.xml</users_config>
  <logger><level>information</level><log>${folder}/clickhouse.log</log></logger>
</clickhouse>
`

const users = `<clickhouse>
  <profiles>
    <default/>
    <watching><readonly>1</readonly></watching>
    <limited><readonly>2</readonly></limited>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>::1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </default>
    <keeper>
      <password>correct horse</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </keeper>
    <watcher>
      <password>only looking</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>watching</profile><quota>default</quota>
    </watcher>
    <limited>
      <password>only looking</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>limited</profile><quota>default</quota>
    </limited>
  </users>
</clickhouse>
`
