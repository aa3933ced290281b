import { join } from 'node:path'
import { program, type Requirement, serversFolder } from './requirements.ts'

/** Debian's Chromium. */
export const chromium: Requirement = program('chromium', 'chromium')

export interface Page {
  setContent(html: string): Promise<void>
  setViewportSize(size: { width: number; height: number }): Promise<void>
  /** Runs a function in the page. */
  evaluate<T>(script: string | (() => T)): Promise<T>
  screenshot(options: { path?: string; fullPage?: boolean }): Promise<Buffer>
  emulateMedia(media: { colorScheme: 'light' | 'dark' }): Promise<void>
  on(event: 'request', listener: (request: { url(): string }) => void): void
  on(event: 'dialog' | 'pageerror', listener: (what: unknown) => void): void
  close(): Promise<void>
}

export interface Browser {
  newPage(): Promise<Page>
  close(): Promise<void>
}

/** A Chromium without a window that reaches nothing by itself. */
export async function startBrowser(): Promise<Browser> {
  const { chromium: driver } = (await import(join(serversFolder, 'node_modules/playwright-core/index.mjs'))) as {
    chromium: { launch(options: object): Promise<Browser> }
  }
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
  const quiet = ['--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND']
  return await driver.launch({ executablePath: '/usr/bin/chromium', args: [...args, ...quiet] })
}
