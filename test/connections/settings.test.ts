import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { connectionKinds, isConnectionKind } from '../../src/connections/index.ts'
import { targetOf } from '../../src/connections/postgres/settings.ts'
import { fieldsOf, secretKeys } from '../../src/model/settings.ts'
import { certificate } from '../support/certificates.ts'

const { postgres } = connectionKinds

function problem(input: object): string | undefined {
  const [issue] = v.safeParse(postgres.settings, input).issues ?? []
  return issue === undefined ? undefined : `${v.getDotPath(issue)} ${issue.message}`
}

describe('settings of postgres', () => {
  const whole = { host: 'db.example', database: 'app', user: 'reader' }

  test.each([
    [{ ...whole }, undefined],
    [{ ...whole, port: 6432, password: '', sslmode: 'verify-full', ca: certificate('ca.pem') }, undefined],
    [{ url: 'postgres://reader:p%40ss@db.example:6432/app?sslmode=require' }, undefined],
    [{ url: 'postgresql://reader@[::1]/app', sslmode: 'disable' }, undefined],
    [{}, /^host is missing; .*"url"/],
    [{ host: 'a', user: 'b' }, /^database is missing/],
    [{ host: 'a', database: 'b' }, /^user is missing/],
    [{ ...whole, url: 'postgres://a@b/c' }, /^host must be left out when "url" is given/],
    [{ ...whole, port: '5432' }, /^port must be a number/],
    [{ ...whole, port: 70_000 }, /^port must be at most 65535/],
    [{ ...whole, sslmode: 'prefer' }, /^sslmode must be one of disable/],
    [{ ...whole, ca: '/etc/ca.pem' }, /^ca must be PEM/],
    [{ ...whole, hostname: 'x' }, /^hostname /],
    [{ url: 'mysql://a@b/c' }, /^url must be a connection string such as postgres:/],
    [{ url: 'no url at all' }, /^url must be a connection string/],
    [{ url: 'postgres:///app' }, /^url must be a connection string/],
    [{ url: 'postgres://a:%zz@b/c' }, /^url holds a %/],
    [{ url: 'postgres://a@b/c?sslrootcert=/etc/passwd' }, /^url has the parameter "sslrootcert"/],
    [{ url: 'postgres://a@b/c?sslmode=maybe' }, /^url has an sslmode/],
  ])('%j', (input, expected) => {
    const found = problem(input)
    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(expected)
  })

  test('no message shows the password of a connection string', () => {
    for (const url of ['postgres://a:secret@b/c?x=1', 'mysql://a:secret@b', 'postgres://a:secret%zz@b/c'])
      expect(problem({ url })).not.toContain('secret')
  })

  test('a connection string says what the settings say', () => {
    const { password, user, ...rest } = targetOf({
      url: 'postgres://rea%3Ader:p%40ss@[::1]:6432/my%20db?sslmode=no-verify',
    })
    expect({ user, password }).toEqual({ user: 'rea:der', password: 'p@ss' })
    expect(rest).toEqual({ host: '::1', port: 6432, database: 'my db', sslmode: 'no-verify', ca: undefined })
    expect(targetOf({ url: 'postgres://reader@db.example' })).toMatchObject({
      database: 'reader',
      port: 5432,
      sslmode: 'disable',
    })
    expect(targetOf({ url: 'postgres://reader@db.example', ca: 'PEM' }).sslmode).toBe('verify-full')
  })

  test('the destination is where the secrets go, and holds none of them', () => {
    expect(postgres.destination({ url: 'postgres://reader:secret@db.example/app' })).toBe(
      'postgres://db.example:5432/app',
    )
    expect(postgres.destination({ ...whole, password: 'secret' })).toBe('postgres://db.example:5432/app')
    expect(postgres.destination({ ...whole, host: '::1' })).toBe('postgres://[::1]:5432/app')
  })
})

describe('every kind', () => {
  test.each(Object.entries(connectionKinds))('%s is whole', (name, kind) => {
    expect(kind.kind).toBe(name as typeof kind.kind)
    expect(kind.label).not.toBe('')
    expect(new URL(kind.documentation).protocol).toBe('https:')
    for (const [key, info] of Object.entries(fieldsOf(kind.settings))) expect([key, info.title]).not.toEqual([key, key])
  })

  test('secrets are marked', () => {
    const secrets = Object.values(connectionKinds).map(({ kind, settings }) => [kind, secretKeys(settings)])
    expect(secrets).toEqual([
      ['postgres', ['url', 'password']],
      ['clickhouse', ['password']],
      ['sqlite', []],
    ])
  })

  test('unknown kinds are told apart', () => {
    expect(isConnectionKind('postgres')).toBe(true)
    expect(isConnectionKind('toString')).toBe(false)
  })
})
