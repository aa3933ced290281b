import { join } from 'node:path'
import { serversFolder } from './requirements.ts'

/** Renders Markdown as GitHub does, by another library: HTML in it stays HTML. */
export async function githubMarkdown(): Promise<(markdown: string) => string> {
  const from = (path: string) => import(join(serversFolder, 'node_modules', path))
  const { micromark } = await from('micromark/index.js')
  const { gfm, gfmHtml } = await from('micromark-extension-gfm/index.js')
  const options = { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true }
  return (markdown) => micromark(markdown, options)
}

/** The text of HTML without spaces of no width. */
export function shownText(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(
      /&(lt|gt|quot|amp);/g,
      (entity) => ({ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' })[entity] ?? '',
    )
    .replaceAll('\u200b', '')
}

/** The names of all HTML elements. */
export function elements(html: string): string[] {
  return [...new Set([...html.matchAll(/<([a-z][a-z0-9]*)/g)].map(([, name]) => name ?? ''))].sort()
}
