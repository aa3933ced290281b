import { join } from 'node:path'
import { program, type Requirement, serverPackages, serversFolder } from './requirements.ts'

/** Debian's Chromium. */
export const chromium: Requirement = program('chromium', 'chromium')

/** What tests in a browser need. */
export const browserNeeds = [serverPackages, chromium] as const

interface Waiting {
  state?: 'visible' | 'detached'
  timeout?: number
}
interface RoleOptions {
  name?: string | RegExp
  exact?: boolean
}

/** What is used of Playwright's locators; its own types are there only once the packages of the test servers are. */
interface Places {
  getByRole(role: string, options?: RoleOptions): Locator
  getByLabel(label: string, options?: { exact?: boolean }): Locator
  getByText(text: string | RegExp, options?: { exact?: boolean }): Locator
  locator(selector: string): Locator
}
interface Locator extends Places {
  first(): Locator
  last(): Locator
  and(other: Locator): Locator
  filter(options: { hasText: string }): Locator
  waitFor(options?: Waiting): Promise<void>
  click(): Promise<void>
  fill(text: string): Promise<void>
  focus(): Promise<void>
  press(key: string): Promise<void>
  selectOption(value: string): Promise<unknown>
  count(): Promise<number>
  isVisible(): Promise<boolean>
  textContent(): Promise<string | null>
  allTextContents(): Promise<string[]>
  getAttribute(name: string): Promise<string | null>
}

/** And of its pages. Texts that are evaluated are JavaScript. */
export interface Page extends Places {
  keyboard: { press(key: string): Promise<void>; insertText(text: string): Promise<void> }
  goto(url: string): Promise<unknown>
  goBack(): Promise<unknown>
  reload(): Promise<unknown>
  url(): string
  title(): Promise<string>
  content(): Promise<string>
  waitForURL(url: string): Promise<void>
  setContent(html: string): Promise<void>
  setViewportSize(size: { width: number; height: number }): Promise<void>
  emulateMedia(media: { colorScheme: 'light' | 'dark' }): Promise<void>
  /** Runs a function in the page. */
  evaluate<T>(script: string | (() => T)): Promise<T>
  screenshot(options: { path?: string; fullPage?: boolean }): Promise<Buffer>
  close(): Promise<void>
  setDefaultTimeout(ms: number): void
  context(): { cookies(): Promise<{ name: string; httpOnly: boolean; sameSite: string }[]> }
  on(event: 'pageerror', listener: (error: Error) => void): void
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void
  on(event: 'dialog', listener: (dialog: { accept(): Promise<void> }) => void): void
  on(event: 'request', listener: (request: { url(): string }) => void): void
}

interface ContextOptions {
  viewport?: { width: number; height: number }
  colorScheme?: 'light' | 'dark'
  bypassCSP?: boolean
}
export interface Browser {
  newPage(): Promise<Page>
  newContext(options: ContextOptions & { reducedMotion: 'reduce' }): Promise<{ newPage(): Promise<Page> }>
  close(): Promise<void>
}

/** A browser that is closed at the end. */
export interface TestBrowser extends AsyncDisposable {
  /** A page of its own, with what it complained of. */
  open(options?: ContextOptions): Promise<TestPage>
}

export interface TestPage {
  page: Page
  /** Errors of scripts, and what the page's policy kept it from. */
  complaints: string[]
}

/** A Chromium without a window that reaches nothing but this machine. */
export async function startBrowser(): Promise<Browser> {
  const { chromium: driver } = (await import(join(serversFolder, 'node_modules/playwright-core/index.mjs'))) as {
    chromium: { launch(options: object): Promise<Browser> }
  }
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
  const quiet = ['--disable-component-update', '--disable-sync']
  const near = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'
  return await driver.launch({ executablePath: '/usr/bin/chromium', args: [...args, ...quiet, near] })
}

/** The same for tests of the console. */
export async function openBrowser(): Promise<TestBrowser> {
  const browser = await startBrowser()
  return {
    async open(options = {}) {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        // That the session is asked for before there is one, and refusals of forms, are no faults.
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          complaints.push(message.text())
      })
      return { page, complaints }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
