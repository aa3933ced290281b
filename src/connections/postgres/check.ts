import type { CheckReport, Connection } from '../connection.ts'
import { isThisMachine } from '../transport.ts'
import type { Target } from './settings.ts'

/** Asks the server who it is, and what the role could write if the server let it. */
export async function checkPostgres(
  query: Connection['query'],
  target: Target,
  signal: AbortSignal,
): Promise<CheckReport> {
  const times = { scheduledAt: 0, now: 0, since: 0 }
  const { rows } = await query(PRIVILEGES, { signal, timeout: CHECK_TIMEOUT, maxRows: 1, times })
  const [version, superuser, files, creates, writes] = rows[0] ?? []
  const role = `The role "${target.user}"`
  const remedy = 'Queries are read-only all the same; a role that may only SELECT is safer.'
  const warnings = [
    superuser === true ? `${role} is a superuser. ${remedy}` : '',
    superuser !== true && files === true ? `${role} may use files or programs of the server. ${remedy}` : '',
    superuser !== true && creates === true ? `${role} may create objects in the database. ${remedy}` : '',
    superuser !== true && writes === true ? `${role} may write to tables. ${remedy}` : '',
    target.sslmode === 'disable' && !isThisMachine(target.host)
      ? 'The way to the server is not encrypted. Set sslmode to "verify-full" if the server offers TLS.'
      : '',
    target.sslmode === 'no-verify'
      ? 'The server’s certificate is not checked. Set sslmode to "verify-full", with its authority in "ca" if need be.'
      : '',
  ]
  return { server: `PostgreSQL ${String(version)}`, warnings: warnings.filter((text) => text !== '') }
}

const CHECK_TIMEOUT = 10_000

const PRIVILEGES = `
  select current_setting('server_version'),
    current_setting('is_superuser') = 'on' as superuser,
    exists (
      select from pg_roles
      where rolname in ('pg_write_server_files', 'pg_execute_server_program', 'pg_read_server_files')
        and pg_has_role(oid, 'MEMBER')
    ) as files,
    has_database_privilege(current_database(), 'CREATE') or exists (
      select from pg_namespace
      where nspname !~ '^pg_' and nspname <> 'information_schema' and has_schema_privilege(oid, 'CREATE')
    ) as creates,
    exists (
      select from pg_class
      where relkind in ('r', 'p', 'f', 'v') and relnamespace not in (
        select oid from pg_namespace where nspname ~ '^pg_' or nspname = 'information_schema'
      ) and has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    ) as writes`
