import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificatePath } from './certificates.ts'
import { program, type Requirement, serversFolder } from './requirements.ts'
import { eventually, freePort, startServer } from './servers.ts'
import type { Mail } from './smtp.ts'

/** Exim as Debian packs it, and an account to run it: a mail server that was not written for tests. */
export const exim: Requirement = program('exim4', 'exim4-daemon-light')

/** An Exim on loopback ports that delivers everything to one folder. */
export interface Exim {
  /** Plain, with STARTTLS and a log-in, with TLS from the first byte, and with a certificate of another host. */
  ports: { plain: number; starttls: number; implicit: number; wrongHost: number }
  login: { user: string; password: string }
  /** The mails in the folder, as another library reads them. */
  mails(): Promise<(Mail & { source: string })[]>
  /** Resolves when no connection is open any more: what one logs at its end would make the folder anew after its removal. */
  idle(): Promise<void>
}

const ACCOUNT = 'Debian-exim'

/** Starts one that ends with this process. Addresses at refused.test are refused, those at greylist.test for now. */
export async function startExim(): Promise<Exim> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-exim-'))
  const ports = {
    plain: await freePort(),
    starttls: await freePort(),
    implicit: await freePort(),
    wrongHost: await freePort(),
  }
  const login = { user: 'alerts', password: 's3cret' }
  for (const name of ['spool', 'mail']) mkdirSync(join(folder, name))
  for (const [from, to] of [
    ['localhost.pem', 'cert.pem'],
    ['localhost.key', 'key.pem'],
    ['wrong-host.pem', 'badcert.pem'],
    ['wrong-host.key', 'badkey.pem'],
  ] as const)
    copyFileSync(certificatePath(from), join(folder, to))
  writeFileSync(join(folder, 'exim.conf'), configuration(folder, ports, login))
  const isRoot = process.getuid?.() === 0
  if (isRoot) giveAway(folder)
  startServer({
    command: `exim4 -C ${folder}/exim.conf -bdf -q30m`,
    account: isRoot ? ACCOUNT : null,
    end: 'TERM',
    crash: 'KILL',
    folder,
  })
  await eventually(() => greeting(ports.plain))
  const children = () =>
    spawnSync('pgrep', ['-fc', `^exim4 -C ${folder}`])
      .stdout.toString()
      .trim()
  return {
    ports,
    login,
    mails: () => mailsIn(join(folder, 'mail', 'new')),
    idle: () =>
      eventually(() => {
        if (children() !== '1') throw new Error('A connection is still open.')
      }),
  }
}

function giveAway(folder: string) {
  const [uid = 0, gid = 0] = ['-u', '-g'].map((option) => Number(spawnSync('id', [option, ACCOUNT]).stdout.toString()))
  for (const name of ['', ...readdirSync(folder)]) chownSync(join(folder, name), uid, gid)
  chmodSync(folder, 0o755)
}

function greeting(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => resolve(void socket.destroy()))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('It closed without a greeting.')))
  })
}

async function mailsIn(folder: string): Promise<(Mail & { source: string })[]> {
  const { simpleParser } = await import(join(serversFolder, 'node_modules/mailparser/dist/esm/index.js'))
  const names = readdirSync(folder).sort()
  return Promise.all(
    names.map(async (name) => {
      const source = readFileSync(join(folder, name))
      return { ...(await simpleParser(source)), source: source.toString() }
    }),
  )
}

/** Deliveries run as the account too, since nobody else may read its folder. */
function configuration(folder: string, ports: Exim['ports'], login: Exim['login']): string {
  const isWrong = `if ={$received_port}{${ports.wrongHost}}`
  const isPlain = `if ={$received_port}{${ports.plain}}`
  return `primary_hostname = localhost
exim_user = ${ACCOUNT}
deliver_drop_privilege
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
pid_file_path = ${folder}/exim.pid
daemon_smtp_ports = ${Object.values(ports).join(' : ')}
local_interfaces = 127.0.0.1
tls_on_connect_ports = ${ports.implicit}
tls_advertise_hosts = \${${isPlain}{}{*}}
tls_certificate = ${folder}/\${${isWrong}{bad}{}}cert.pem
tls_privatekey = ${folder}/\${${isWrong}{bad}{}}key.pem
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
never_users =
message_size_limit = 200K
begin acl
check_mail:
  deny
    condition = \${if !={$received_port}{${ports.plain}}}
    !authenticated = *
    message = 530 5.7.0 Authentication required
  accept
check_rcpt:
  deny
    domains = refused.test
    message = 550 5.1.1 no such user
  defer
    domains = greylist.test
    message = 451 4.7.1 greylisted, try again later
  accept
check_data:
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = ${folder}/mail
  create_file = anywhere
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = ${ACCOUNT}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${login.user}}}{eq{$auth3}{${login.password}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{$auth1}{${login.user}}}{eq{$auth2}{${login.password}}}}}
  server_set_id = $auth1
`
}
