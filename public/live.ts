import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { address, call, messageOf } from './api.ts'

export type ChangeKind =
  | 'alerts'
  | 'evaluations'
  | 'deliveries'
  | 'rules'
  | 'connections'
  | 'channels'
  | 'runs'
  | 'inbox'

/** Whether news come in: from the beginning on, or lost since then (ms since 1970). */
export type Line = { state: 'open' | 'opening' } | { state: 'lost'; since: number }

/** ms between attempts to open the line again once the browser has given up, and between looks at what is shown anyway. */
const REOPEN = 3000
const LOOK = 60_000
/** What changes all the time is asked for again after so many times as long as the answer took, ms at the most. */
const REST = 4
const MOST_REST = 2000

const listeners = new Set<(changed: Record<string, string[]> | null) => void>()
const lineListeners = new Set<(line: Line) => void>()
let line: Line = { state: 'opening' }
let version: string | undefined

function setLine(next: Line) {
  if (next.state === 'lost' && line.state === 'lost') return
  line = next
  for (const listener of lineListeners) listener(next)
}

/** Listens to what changes until the function it gives is called. `onOutdated` is told when Tocsin has become another one. */
export function listen(onOutdated: () => void): () => void {
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  function open() {
    source = new EventSource(address('/events'))
    source.addEventListener('ready', (event) => {
      const told = JSON.parse((event as MessageEvent<string>).data) as { version: string }
      version ??= told.version
      if (version !== told.version) onOutdated()
      const wasLost = line.state === 'lost'
      setLine({ state: 'open' })
      if (wasLost) tell(null)
    })
    source.addEventListener('change', (event) => tell(JSON.parse((event as MessageEvent<string>).data)))
    source.addEventListener('error', () => {
      setLine({ state: 'lost', since: Date.now() })
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(reopen, REOPEN)
    })
  }
  /** A refusal closes the line for good; asking for anything tells whether it was the session that ended. */
  function reopen() {
    call('GET', '/sample').then(open, () => {
      timer = setTimeout(reopen, REOPEN)
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    source.close()
    line = { state: 'opening' }
  }
}

function tell(changed: Record<string, string[]> | null) {
  for (const listener of listeners) listener(changed)
}

export function useLine(): Line {
  const [current, set] = useState(line)
  useEffect(() => {
    lineListeners.add(set)
    return () => void lineListeners.delete(set)
  }, [])
  return current
}

export interface Data<T> {
  data: T | undefined
  error: string | undefined
  reload(): void
}

/** What the API says at a path (null: nothing is asked), asked again whenever one of these kinds of things changes. */
export function useData<T>(path: string | null, kinds: readonly ChangeKind[] = []): Data<T> {
  const [found, setFound] = useState<{ path: string | null; data?: T; error?: string }>({ path: null })
  const state = useRef({ path, isAsking: false, mustAskAgain: false })
  const wanted = kinds.join()

  const ask = useCallback(async (): Promise<void> => {
    const current = state.current
    const asked = current.path
    if (asked === null) return
    if (current.isAsking) {
      current.mustAskAgain = true
      return
    }
    current.isAsking = true
    const began = performance.now()
    try {
      const data = await call<T>('GET', asked)
      if (current === state.current) setFound({ path: asked, data })
    } catch (thrown) {
      // What was shown stays there: it is better than nothing, and the lost line is told anyway.
      if (current === state.current)
        setFound((before) => ({ ...(before.path === asked ? before : {}), path: asked, error: messageOf(thrown) }))
    }
    const rest = Math.min(MOST_REST, REST * (performance.now() - began))
    await new Promise((resolve) => setTimeout(resolve, rest))
    current.isAsking = false
    if (!current.mustAskAgain || current !== state.current) return
    current.mustAskAgain = false
    await ask()
  }, [])

  useEffect(() => {
    state.current = { path, isAsking: false, mustAskAgain: false }
    void ask()
    const onChange = (changed: Record<string, string[]> | null) => {
      if (changed === null || wanted.split(',').some((kind) => changed[kind] !== undefined)) void ask()
    }
    listeners.add(onChange)
    const timer = setInterval(() => document.visibilityState === 'visible' && void ask(), LOOK)
    return () => {
      state.current.path = null
      listeners.delete(onChange)
      clearInterval(timer)
    }
  }, [path, wanted, ask])

  const isCurrent = found.path === path
  return {
    data: isCurrent ? found.data : undefined,
    error: isCurrent ? found.error : undefined,
    reload: () => void ask(),
  }
}

/** The time, ms since 1970, renewed every so many ms. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
