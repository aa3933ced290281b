import { describe, expect, test } from 'bun:test'
import { renderBody } from '../../src/language/template.ts'
import type { ValueForm } from '../../src/model/message.ts'

const INVISIBLE = '\u200b'
const row = {
  name: '<!channel> *b* & `c`',
  link: 'https://a.example/x?a=1&b=<2',
  safe: 'https://a.example/?a=1&b=my_x',
}

/** The same template in all three engines. */
const engines = {
  liquid: (path: string, filter = '') => `{{ row.${path}${filter === '' ? '' : ` | ${filter}`} }}`,
  jinja: (path: string, filter = '') => `{{ row.${path}${filter === '' ? '' : ` | ${filter}`} }}`,
  formula: (path: string, filter = '') => `\${row.${path}${filter === '' ? '' : `|${filter}`}}`,
} as const
const engineNames = Object.keys(engines) as (keyof typeof engines)[]

for (const engine of engineNames) {
  const tag = engines[engine]

  describe(`values in bodies of Slack (${engine})`, () => {
    const render = async (text: string, form?: ValueForm) => (await renderBody(engine, text, { row }, form)).text

    test("are text in text, and the author's mark-up stays", async () => {
      expect(await render(`*<!here>* ${tag('name')}`, 'slack')).toBe(
        `*<!here>* &lt;!channel&gt; *${INVISIBLE}b*${INVISIBLE} &amp; \`${INVISIBLE}c\`${INVISIBLE}`,
      )
    })

    test('are text in JSON, inside a string and outside one', async () => {
      const json = engine === 'liquid' ? 'json' : 'tojson'
      const body = JSON.parse(await render(`{"text": "<!here> ${tag('name')}", "n": ${tag('name', json)}}`, 'slack'))
      expect(body.text).toStartWith('<!here> &lt;!channel&gt;')
      expect(body.n).toStartWith('&lt;!channel&gt;')
    })

    test('stay addresses where they are some', async () => {
      expect(JSON.parse(await render(`{"url": "${tag('safe')}"}`, 'slack')).url).toBe(row.safe)
      expect(JSON.parse(await render(`{"url": "${tag('link')}"}`, 'slack')).url).not.toContain('<')
    })

    test('are text among the tags of HTML, too, which Markdown may hold', async () => {
      const html = await render(`<p>${tag('name')}</p>\n\n**hi**`, 'markdown')
      expect(html).toBe(
        `<p>&#60;${INVISIBLE}!${INVISIBLE}channel&#62; *${INVISIBLE}b*${INVISIBLE} &#38; \`${INVISIBLE}c\`${INVISIBLE}</p>\n\n**hi**`,
      )
    })

    test('are as they are after the filter raw, and where the body has no form', async () => {
      expect(await render(tag('name', 'raw'), 'slack')).toBe(row.name)
      expect(await render(`{"a": "${tag('name', 'raw')}"}`, 'slack')).toBe(
        JSON.stringify({ a: row.name }).replace(':', ': '),
      )
      expect(await render(tag('name'))).toBe(row.name)
    })
  })
}

test('they are text where tags make up the structure of the JSON', async () => {
  const rows = [{ name: '<!channel>' }, { name: '"}, {' }]
  for (const engine of ['liquid', 'jinja'] as const) {
    const comma = engine === 'liquid' ? '{% unless forloop.last %},{% endunless %}' : '{{ "," if not loop.last }}'
    const template = `[{% for row in rows %}{"name": "{{ row.name }}"}${comma}{% endfor %}]`
    const { text } = await renderBody(engine, template, { rows }, 'slack')
    expect(JSON.parse(text)).toEqual([{ name: '&lt;!channel&gt;' }, { name: '"}, {' }])
  }
})

test('a number too large for JavaScript keeps its digits beside them', async () => {
  const { text } = await renderBody('liquid', '{"a": {{ list | json }}}', { list: [9007199254740993n, '<b>'] }, 'slack')
  expect(text).toContain('9007199254740993')
  expect(text).toContain('&lt;b&gt;')
})

describe('forms', () => {
  const render = async (form: ValueForm, value: string) =>
    (await renderBody('liquid', '{{ value }}', { value }, form)).text

  test('Markdown: neither style, link, picture, tag, mention nor reference', async () => {
    expect(await render('markdown', '**b** _i_ [x](https://e.example)')).toBe(
      '\\*\\*b\\*\\* \\_i\\_ \\[x\\](https://e.example)',
    )
    expect(await render('markdown', '@everyone <@1> #12 <img>')).toBe(
      `@${INVISIBLE}everyone <${INVISIBLE}@${INVISIBLE}1> #${INVISIBLE}12 <${INVISIBLE}img>`,
    )
  })

  test('Markdown: a name with underscores stays as it is', async () => {
    expect(await render('markdown', 'table_of_rows 1.5')).toBe('table_of_rows 1.5')
  })

  test('chats that escape nothing: no mention, no link', async () => {
    expect(await render('chat', '<at>all</at> <users/all> @all [x](y) *b*')).toBe(
      `<${INVISIBLE}at>all<${INVISIBLE}/at> <${INVISIBLE}users/all> @${INVISIBLE}all [x]${INVISIBLE}(y) *${INVISIBLE}b*${INVISIBLE}`,
    )
  })

  test('what looks like an address but goes on is none', async () => {
    expect(await render('slack', 'https://e.example <!channel>')).not.toContain('<')
    expect(await render('slack', 'https://e.example/<!channel>')).not.toContain('<')
    expect(await render('markdown', 'https://e.example/@everyone')).toBe('https://e.example/%40everyone')
  })
})
