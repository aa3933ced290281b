import { describe, expect, test } from 'bun:test'
import { redact, secretForms } from '../src/redact.ts'

const hide = (text: string, ...secrets: unknown[]) => redact(text, secretForms(secrets))

test('redaction finds a secret in plain, URL-encoded, JSON and base64 form', () => {
  const secret = 'p"ss wörd/1'
  const text = [secret, encodeURIComponent(secret), JSON.stringify(secret), Buffer.from(secret).toString('base64')]
  expect(hide(text.join(' | '), secret)).toBe('*** | *** | "***" | ***')
})

describe('redaction', () => {
  const hook = 'https://hooks.example.com/services/T0/B0/aVeryLongToken?key=another-secret'
  const cases: [string, unknown[], string, string][] = [
    ['hides the password of an address alone too', ['postgres://me:hunter2@db/shop'], 'no hunter2', 'no ***'],
    ['knows such a password as it is meant', ['postgres://me:p%40ss%2Fw@db/shop'], 'no p@ss/w', 'no ***'],
    ['takes one that is no encoding as it is', ['postgres://me:50%25off%@db/shop'], 'no 50%25off%', 'no ***'],
    ['hides the longer of two of which one begins the other', ['abcd', 'abcdef'], 'abcdef abcd', '*** ***'],
    ['leaves alone what is too short to be told', ['ab', ''], 'ab', 'ab'],
    ['copes with half a character', ['\ud83dpass'], 'no \ud83dpass', 'no ***'],
    ['hides every place', ['hunter2'], 'hunter2 hunter2', '*** ***'],
    ['finds secrets inside settings', [{ headers: { 'X-Key': 'k-123' }, pin: 4711 }], 'k-123 4711', '*** ***'],
    [
      'hides the path of an address that a receiver repeats',
      [hook],
      'Cannot POST /services/T0/B0/aVeryLongToken',
      'Cannot POST ***',
    ],
    ['hides the credential behind its scheme alone', ['Bearer k-12345678'], 'no k-12345678', 'no ***'],
    ['hides a token in an address', [hook], 'no aVeryLongToken here', 'no *** here'],
    ['hides a value in the query of an address', [hook], 'bad key another-secret', 'bad key ***'],
    [
      'leaves short parts of an address readable',
      ['https://example.com/hook'],
      'Cannot POST /hook',
      'Cannot POST /hook',
    ],
  ]
  for (const [title, secrets, text, expected] of cases) test(title, () => expect(hide(text, ...secrets)).toBe(expected))
})
