import { Hono } from 'hono'
import { asset, assetNames } from '../assets.ts'
import type { ApiEnv } from './request.ts'

/** What a page of the console may do: run and load what comes from here, and nothing else. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Where the build puts the console. */
const FOLDER = 'public'
const PAGE = `${FOLDER}/index.html`

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

const NOT_BUILT =
  'The console was not built. Run "npm run build" once, or use the executable, which has it inside. The API works without it.\n'

interface File {
  type: string
  plain: Uint8Array<ArrayBuffer>
  /** Compressed. */
  packed: Uint8Array<ArrayBuffer>
}

/**
 * The console: one page for every address that is not the API's, and the files it loads. They are named after their
 * content, so that browsers may keep them for ever.
 */
export function consoleRoutes(): Hono<ApiEnv> {
  const files = new Map<string, File>()

  function file(name: string): File | undefined {
    const known = files.get(name)
    if (known !== undefined || !assetNames(FOLDER).includes(name)) return known
    const plain = new Uint8Array(asset(name))
    const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/html; charset=utf-8'
    const read = { type, plain, packed: new Uint8Array(asset(`${name}.gz`)) }
    files.set(name, read)
    return read
  }

  function answer({ type, plain, packed }: File, accepts: string, headers: Record<string, string>): Response {
    const isPacked = /\bgzip\b/.test(accepts)
    const encoding: Record<string, string> = isPacked ? { 'Content-Encoding': 'gzip' } : {}
    return new Response(isPacked ? packed : plain, {
      headers: { 'Content-Type': type, Vary: 'Accept-Encoding', ...encoding, ...headers },
    })
  }

  return new Hono<ApiEnv>()
    .get('/assets/:name', async (context, next) => {
      const found = file(`${FOLDER}/assets/${context.req.param('name')}`)
      if (found === undefined) return next()
      const keep = { 'Cache-Control': 'public, max-age=31536000, immutable' }
      return answer(found, context.req.header('accept-encoding') ?? '', keep)
    })
    .get('*', async (context, next) => {
      const wantsPage = (context.req.header('accept') ?? '').includes('text/html')
      if (!wantsPage || /^\/(api|v1|healthz|readyz|metrics|assets)(\/|$)/.test(context.req.path)) return next()
      const page = file(PAGE)
      if (page === undefined) return context.text(NOT_BUILT, 503)
      return answer(page, context.req.header('accept-encoding') ?? '', { 'Content-Security-Policy': PAGE_POLICY })
    })
}
