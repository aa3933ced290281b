import { afterAll, beforeAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { teams } from '../../../src/channels/teams.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import type { Message } from '../../../src/model/message.ts'
import { reporterCard } from '../../support/reporter-card.ts'
import { program, serverPackages, serversFolder, skipUnless } from '../../support/requirements.ts'
import { settingsOf } from '../contract.ts'
import { firing, messages } from '../messages.ts'

const load = createRequire(join(serversFolder, 'package.json'))
const describe = await skipUnless(serverPackages)
const describeBrowser = await skipUnless(serverPackages, program('chromium', 'chromium'))

const SCHEMA = '../../vendor-specs/adaptive-card-1.5.0.json'

/** The example of the scenario reporters' documentation, with values for its variables. */
const documented = reporterCard({
  scenario: 'Retrain churn',
  project: 'CHURN',
  trigger: 'Every night',
  outcome: 'FAILED',
  url: 'https://dss.example.com/projects/CHURN/scenarios/1',
  colour: 'attention',
})
const exampleBody: Message = { ...firing, body: { text: JSON.stringify(documented), contentType: 'application/json' } }
const noImage = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='
const everything: Message = { ...(messages['very-long'] ?? firing), image: 'https://example.com/chart.png' }

const formats = ['card', 'text'] as const
const cases: [string, Message, (typeof formats)[number]][] = [
  ...Object.entries(messages).flatMap(([name, message]) => formats.map((format) => [name, message, format] as const)),
  ['everything', everything, 'card'],
  ['own text', { ...firing, body: { text: '**Up**\n\n- one\n- two', contentType: 'text/plain' } }, 'card'],
].map(([name, message, format]) => [name, message, format] as [string, Message, (typeof formats)[number]])

function cardOf(message: Message, format: (typeof formats)[number] = 'card'): JsonObject {
  const payload = teams.render(message, settingsOf(teams, { webhookUrl: 'https://x', format }))
  const [attachment] = payload['attachments'] as JsonObject[]
  return attachment?.['content'] as JsonObject
}

describe("the vendor's own library and schema", () => {
  let cards: AdaptiveCardsLibrary
  let validate: Validate
  beforeAll(() => {
    cards = load('adaptivecards/dist/adaptivecards.js')
    const { default: Ajv } = load('ajv')
    const schema = JSON.parse(readFileSync(new URL(SCHEMA, import.meta.url), 'utf8'))
    const ajv = new Ajv({ strict: false, allErrors: true })
    ajv.addMetaSchema(load('ajv/dist/refs/json-schema-draft-06.json'))
    for (const format of ['uri', 'uri-reference']) ajv.addFormat(format, true)
    // It has its id by an older draft's word for it.
    delete schema.id
    validate = ajv.compile(schema)
  })

  /** Everything the library finds wrong, while it reads a card and after. */
  function complaints(card: JsonObject): string[] {
    const context = new cards.SerializationContext()
    const parsed = new cards.AdaptiveCard()
    parsed.parse(card, context)
    const events = Array.from({ length: context.eventCount }, (_, at) => context.getEventAt(at))
    return [...events, ...parsed.validateProperties().validationEvents].map(({ message }) => message)
  }

  test.each(cases)('accept the message "%s" (%#)', (_name, message, format) => {
    // Teams' own key is beyond the schema.
    const { msteams: _, ...card } = cardOf(message, format)
    expect(complaints(card)).toEqual([])
    validate(card)
    expect(validate.errors ?? []).toEqual([])
  })

  test("accept the document's example, which goes as it is", () => {
    expect(teams.render(exampleBody, settingsOf(teams, { webhookUrl: 'https://x' }))).toEqual(documented)
    expect(complaints(cardOf(exampleBody))).toEqual([])
  })

  test.each([
    ['a colour that is none', { type: 'TextBlock', text: 'x', color: 'pink' }],
    ['an element that is none', { type: 'Blink', text: 'x' }],
    ['a fact without a value', { type: 'FactSet', facts: [{ title: 'x' }] }],
  ])('would find %s', (_name, element) => {
    const card = { type: 'AdaptiveCard', version: '1.5', body: [element] }
    const isValid = validate(card)
    expect(complaints(card).length > 0 || !isValid).toBe(true)
    expect(isValid).toBe(false)
  })
})

describeBrowser('in a browser', () => {
  let browser: { close(): Promise<void>; newPage(options: object): Promise<Page> }
  let page: Page
  beforeAll(async () => {
    const { chromium } = load('playwright-core')
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update']
    browser = await chromium.launch({
      executablePath: spawnSync('sh', ['-c', 'command -v chromium']).stdout.toString().trim(),
      args,
    })
    page = await browser.newPage({ viewport: { width: 700, height: 900 } })
    await page.setContent(
      '<!doctype html><meta charset="utf-8"><body style="margin:8px;font-family:sans-serif"><div id="card"></div>',
    )
    await page.addScriptTag({ path: load.resolve('adaptivecards/dist/adaptivecards.js') })
    await page.addScriptTag({ path: join(serversFolder, 'node_modules/markdown-it/dist/markdown-it.min.js') })
  }, 60_000)
  afterAll(() => browser.close())

  /** Draws a card as Teams does, Markdown included; gives its text, what it links to, and the tags in it. */
  async function drawn(card: JsonObject): Promise<Drawn> {
    const text = JSON.stringify(card).replaceAll('https://example.com/chart.png', noImage)
    return page.evaluate(`${DRAW}(${JSON.stringify(text)})`)
  }

  test.each(cases)('the message "%s" is drawn whole (%#)', async (name, message, format) => {
    const { text, tags } = await drawn(cardOf(message, format))
    const folder = process.env['TOCSIN_SCREENSHOTS']
    if (folder !== undefined) await page.screenshot({ path: `${folder}/teams-${name}-${format}.png`, fullPage: true })
    expect(text.length).toBeGreaterThan(5)
    expect(tags.filter((tag) => ['SCRIPT', 'IFRAME', 'OBJECT'].includes(tag))).toEqual([])
    if (name === 'firing')
      for (const value of ['Model drift is high', 'churn_v3', '0.41', 'runbook']) expect(text).toContain(value)
  })

  test("the document's example shows its title, facts and link", async () => {
    const { text, links } = await drawn(cardOf(exampleBody))
    for (const value of ['Retrain churn run report', 'FAILED', 'CHURN', 'Every night']) expect(text).toContain(value)
    expect(links).toEqual(['https://dss.example.com/projects/CHURN/scenarios/1'])
  })

  test('hostile values are text: nothing bold, no link of theirs, no tag', async () => {
    const { text, links, tags } = await drawn(cardOf(messages['hostile'] ?? firing))
    for (const value of [
      '<script>alert(1)</script></td></b>',
      '&lt;already&gt;',
      '**bold** `code`',
      '<!channel> @everyone',
    ])
      expect(text).toContain(value)
    expect(links.filter((link) => /^(javascript|vbscript|data):/i.test(link))).toEqual([])
    expect(tags.filter((tag) => ['STRONG', 'EM', 'CODE', 'LI'].includes(tag))).toEqual([])
  })
})

interface Complaint {
  message: string
}

/** What is used of the vendor's library. */
interface AdaptiveCardsLibrary {
  SerializationContext: new () => { eventCount: number; getEventAt(at: number): Complaint }
  AdaptiveCard: new () => {
    parse(card: JsonObject, context: unknown): void
    validateProperties(): { validationEvents: Complaint[] }
  }
}

interface Validate {
  (card: unknown): boolean
  errors?: unknown[] | null
}

interface Page {
  setContent(html: string): Promise<void>
  addScriptTag(options: { path: string }): Promise<unknown>
  evaluate(code: string): Promise<Drawn>
  screenshot(options: object): Promise<unknown>
}

interface Drawn {
  text: string
  links: string[]
  tags: string[]
}

/** Runs in the page. */
const DRAW = `((text) => {
  const markdown = window.markdownit()
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (source, result) => {
    result.outputHtml = markdown.render(source)
    result.didProcess = true
  }
  const opened = []
  const card = new AdaptiveCards.AdaptiveCard()
  card.parse(JSON.parse(text))
  const element = card.render()
  const place = document.getElementById('card')
  place.replaceChildren(element)
  const all = [...place.querySelectorAll('*')]
  return {
    text: place.innerText,
    links: all.filter((each) => each.tagName === 'A' && each.href !== '').map((each) => each.href),
    tags: [...new Set(all.map((each) => each.tagName))],
  }
})`
