/** How to send a text: under which name (empty: none), whether the server has to read it first, and what to drop. */
export interface Naming {
  name: string
  parse: boolean
  close: string[]
}

/** Which texts the server keeps ready in one session. */
export interface PreparedTexts {
  use(sql: string): Naming
  /** The text failed, so the server may not have it, or not as it should be. */
  forget(sql: string): void
}

/**
 * Rules ask the same again and again: from its second use on, a text is kept by the server, which then neither reads nor
 * plans it anew. Only the texts that were used last are, so that a round of many rules does not fill the server.
 */
export function createPreparedTexts(capacity = 64): PreparedTexts {
  // In the order of their last use; the name is empty after the first.
  const known = new Map<string, string>()
  let close: string[] = []
  let count = 0

  function drop(sql: string) {
    const name = known.get(sql)
    if (name !== undefined && name !== '') close.push(name)
    known.delete(sql)
  }

  return {
    use(sql) {
      const before = known.get(sql)
      const [oldest] = known.keys()
      if (before === undefined && oldest !== undefined && known.size >= capacity) drop(oldest)
      if (before === '') count += 1
      const name = before === '' ? `tocsin_${count}` : (before ?? '')
      known.delete(sql)
      known.set(sql, name)
      const naming = { name, parse: before === undefined || before === '', close }
      close = []
      return naming
    },
    forget: drop,
  }
}
