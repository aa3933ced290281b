import { blankMessage, type Message } from '../../src/model/message.ts'
import { pipelines } from './pipelines.ts'

const time = Date.UTC(2026, 2, 4, 9, 30)

/** An ordinary message; every other differs from it in what its name says. */
export const firing: Message = {
  kind: 'firing',
  title: 'Model drift is high',
  severity: 'critical',
  summary: 'psi of churn_v3 is 0.41, above 0.25.',
  paragraphs: [
    'See the **runbook** before you *retrain*: [drift](https://wiki.example.com/drift?a=1&b=2). Run `psi --all`.',
  ],
  facts: [
    { name: 'model', value: 'churn_v3' },
    { name: 'psi', value: '0.41' },
  ],
  table: {
    columns: ['model', 'psi'],
    rows: [
      ['churn_v3', '0.41'],
      ['fraud_v1', '0.30'],
    ],
    more: 0,
  },
  links: [{ text: 'Dashboard', url: 'https://grafana.example.com/d/1?from=now-1h&to=now' }],
  actions: [{ text: 'Open the rule', url: 'https://tocsin.example.com/rules/rul_1' }],
  attachments: [],
  why: 'psi > 0.25 was true for 2 rows.',
  traceUrl: 'https://tocsin.example.com/evaluations/evl_1',
  rule: 'Model drift',
  tags: ['models', 'production'],
  alerts: [{ fingerprint: 'churn_v3', labels: { model: 'churn_v3' }, since: time - 60_000, value: '0.41' }],
  time,
}

/** What rows may hold to do harm somewhere. */
const hostile = [
  '<script>alert(1)</script></td></b>',
  '&lt;already&gt; & "quoted" \'single\'',
  '<!channel> @everyone <@U123> [click](javascript:alert(1)) **bold** `code`',
  'a\r\nBcc: victim@example.com\r\n\r\nbody',
  '\u001b[31mred\u001b[0m\u0007\u0000',
  '\u202egnp.exe\u202c',
  '{{ 7 | times: 7 }} {% raw %} $\u007b7*7}',
]

/** One for each thing a channel has to cope with. The names are those of the golden files. */
export const messages: Record<string, Message> = {
  firing,
  resolved: {
    ...firing,
    kind: 'resolved',
    title: 'Resolved: Model drift is high',
    summary: 'psi of churn_v3 is 0.11.',
    alerts: [{ fingerprint: 'churn_v3', labels: { model: 'churn_v3' }, since: time - 60_000, value: '0.11' }],
  },
  'many-rows': {
    ...firing,
    table: {
      columns: ['id', 'model', 'psi'],
      rows: Array.from({ length: 50 }, (_, row) => [String(row), `model_${row}`, (row / 100).toFixed(2)]),
      more: 1950,
    },
  },
  'very-long': {
    ...firing,
    title: 'long '.repeat(400),
    summary: 'word '.repeat(2000),
    paragraphs: ['x'.repeat(10_000)],
    facts: [{ name: 'n'.repeat(500), value: 'v'.repeat(5000) }],
    code: 'line of a log\n'.repeat(500),
  },
  emoji: {
    ...firing,
    title: '🔥 Дрейф модели 漂移 👩🏽‍🚀',
    summary: '🇪🇺 naïve café',
    facts: [{ name: '🌡️', value: '٣٫١٤' }],
    tags: ['🔥'],
  },
  empty: blankMessage('firing', time, {}),
  hostile: {
    ...firing,
    title: `Drift of ${hostile[3]} ${hostile[0]}`,
    summary: hostile.join(' | '),
    paragraphs: [],
    facts: hostile.map((value, index) => ({ name: hostile.at(-1 - index) ?? '', value })),
    table: { columns: hostile, rows: [hostile], more: 1 },
    code: hostile.join('\n'),
    links: [
      { text: hostile[0] ?? '', url: 'javascript:alert(1)' },
      { text: 'data', url: 'data:text/html,<script>alert(1)</script>' },
      { text: 'quote', url: 'https://example.com/"onmouseover="alert(1)' },
    ],
    actions: [{ text: hostile[1] ?? '', url: 'vbscript:x' }],
    why: hostile[4] ?? '',
    rule: hostile[0] ?? '',
  },
  ...pipelines,
}
