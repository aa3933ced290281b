import { describe, expect, test } from 'bun:test'
import { sourceFiles } from '../support/source-files.ts'

const files = sourceFiles('src')

/** Files, beside those that may, whose code matches; comments do not count. */
function outside(allowed: RegExp, pattern: RegExp): string[] {
  return files.filter(({ path, text }) => !allowed.test(path) && pattern.test(code(text))).map(({ path }) => path)
}

function importers(allowed: RegExp, packages: RegExp): string[] {
  return files
    .filter(
      ({ path, imports }) =>
        !allowed.test(path) && imports.some((item) => !item.typeOnly && packages.test(item.specifier)),
    )
    .map(({ path }) => path)
}

function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}

const pure = /^src\/(language\/expression|evaluate|importers)\/|^src\/deliver\/retry\.ts$/

describe('who may do what', () => {
  test('the pure parts know no platform, no clock, no chance', () => {
    const inside = files.filter(({ path }) => pure.test(path))
    expect(inside.length).toBeGreaterThan(0)
    const impure = inside.filter(
      ({ text, imports }) =>
        imports.some(({ specifier }) => specifier.startsWith('node:') || specifier.endsWith('/clock.ts')) ||
        /\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bsetTimeout\(|\bMath\.random\(|\bprocess\.|\bBun\.|\bDeno\./.test(
          code(text),
        ),
    )
    expect(impure.map(({ path }) => path)).toEqual([])
  })

  test('only the store knows its library', () => {
    expect(importers(/^src\/(store|cluster)\//, /^drizzle-orm/)).toEqual([])
  })

  test('only the configuration reads the environment', () => {
    expect(outside(/^src\/config\.ts$/, /\b(process|Bun|Deno)\.env\b|import\.meta\.env/)).toEqual([])
  })

  test('only the network door, connections, mail and the server open sockets', () => {
    const may = /^src\/(net(\/|\.ts)|connections\/|channels\/mail|http\/server\.ts)/
    expect(
      importers(may, /^(node:(net|tls|http|https|http2|dns|dgram)(\/.*)?|pg|@clickhouse\/client|nodemailer)$/),
    ).toEqual([])
    // The command line is a client of the daemon's own API.
    expect(
      outside(/^src\/(net(\/|\.ts)|connections\/|cli\/)/, /(?<![.\w])fetch\(|\bBun\.connect\(|new WebSocket\(/),
    ).toEqual([])
  })

  test('only the door for programs, SQLite connections, the service manager, the doctor and exec start processes', () => {
    const starts = /^(node:(child_process|cluster)|execa|cross-spawn)$/
    const may =
      /^src\/(programs\.ts|systemd\.ts|cli\/doctor\/time\.ts|cli\/exec\/command\.ts|connections\/sqlite\/child\.ts)$/
    expect(importers(may, starts)).toEqual([])
    expect(outside(/^$/, /\bBun\.(spawn|spawnSync|\$)|\bDeno\.Command\b/)).toEqual([])
  })

  test('only the main module ends the process', () => {
    expect(outside(/^src\/main\.ts$/, /\bprocess\.exit\(|\bDeno\.exit\(/)).toEqual([])
  })

  test('secrets are sealed only where things are managed', () => {
    expect(outside(/^src\/(manage\/|secrets\.ts)/, /\.seal\(/)).toEqual([])
  })

  test('nothing runs text as code', () => {
    expect(outside(/^$/, /(?<![.\w])eval\(|\bnew Function\(|node:vm\b/)).toEqual([])
  })
})
