import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../api.ts'
import { clockTime, duration } from '../format.ts'
import { useNow } from '../live.ts'

let isFirstPage = true

/** A page with its heading, which gets the focus when one comes here from another page. */
export function Page({
  title,
  actions,
  children,
}: {
  title: string
  actions?: ComponentChildren
  children: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title.slice(0, 80)} · Tocsin`
  }, [title])
  useEffect(() => {
    if (!isFirstPage) heading.current?.focus()
    isFirstPage = false
  }, [])
  return (
    <main id="main">
      <div class="heading">
        <h1 tabIndex={-1} ref={heading}>
          <Text>{title}</Text>
        </h1>
        <div class="actions">{actions}</div>
      </div>
      {children}
    </main>
  )
}

/**
 * A page about something that is still being asked for, or could not be had. No component: it becomes the page itself, which
 * then gets the focus no second time.
 */
export const waiting = (title: string, error?: string) => (
  <Page title={title}>
    <Pending error={error} />
  </Page>
)

export function Panel({
  title,
  actions,
  children,
}: {
  title: string
  actions?: ComponentChildren
  children: ComponentChildren
}) {
  return (
    <section class="panel">
      <div class="heading">
        <h2>{title}</h2>
        <div class="actions">{actions}</div>
      </div>
      {children}
    </section>
  )
}

/** Longer texts are cut until one asks for all. */
const SHOWN = 1500

/** A text that came from outside: cut when it is very long, and unable to turn the direction of what stands around it. */
export function Text({ children }: { children: string }) {
  const [isWhole, setWhole] = useState(false)
  if (children === '') return null
  if (children.length <= SHOWN) return <bdi>{children}</bdi>
  return (
    <bdi>
      {isWhole ? children : `${children.slice(0, SHOWN)}…`}{' '}
      <button type="button" class="quiet" onClick={() => setWhole(!isWhole)}>
        {isWhole ? 'Show less' : `Show all ${children.length.toLocaleString()} characters`}
      </button>
    </bdi>
  )
}

/** A link to what a text from outside names. */
export function Link({ to, children }: { to: string; children: string }) {
  return (
    <a href={to}>
      <Text>{children}</Text>
    </a>
  )
}

/** Words that lead to all that share one. */
export function Tags({ of }: { of: readonly (readonly [word: string, place: string])[] }) {
  return (
    <>
      {of.map(([word, place]) => (
        <a key={word} class="tag" href={place}>
          <Text>{word}</Text>
        </a>
      ))}
    </>
  )
}

/** Parts of a list, one of which is shown. */
export function Tabs({ label, of }: { label: string; of: readonly (readonly [string, string, boolean])[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {of.map(([place, name, isShown]) => (
        <a key={name} href={place} aria-current={isShown ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  )
}

/** One line after the other, in words. */
export function Words({ of }: { of: readonly string[] }) {
  return (
    <ol class="words">
      {of.map((line, index) => (
        <li key={index} class={line.startsWith(' ') ? 'inner' : ''}>
          <Text>{line}</Text>
        </li>
      ))}
    </ol>
  )
}

/** Words for states, by the colour they have. */
const tones = {
  bad: ['firing', 'recovering', 'error', 'failing', 'disabled', 'blocked', 'dead', 'rejected', 'failed', 'true'],
  warn: ['pending', 'no-data', 'unknown', 'retryable', 'waiting', 'pendingRetry', 'aborting', 'aborted'],
  busy: ['sending', 'under way', 'running', 'unread'],
  good: ['normal', 'ok', 'delivered', 'false', 'completed'],
}

/** A state as a word with a colour. */
export function State({ of }: { of: string }) {
  const [tone = ''] = Object.entries(tones).find(([, words]) => words.includes(of)) ?? []
  return <span class={`state ${tone}`}>{of}</span>
}

const MINUTE = 60_000

/** How long ago, or how soon, with the exact time beside it. */
export function Time({ at }: { at: number }) {
  const now = useNow()
  const away = Math.abs(now - at)
  // Seconds that run on beside minutes would draw the eye.
  const rough = duration(away > MINUTE ? away - (away % MINUTE) : away)
  const near = away < 1000 ? 'now' : at > now ? `in ${rough}` : `${rough} ago`
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
      {near} <small>{clockTime(at, now)}</small>
    </time>
  )
}

export function Failure({ children }: { children: string | undefined }) {
  return children === undefined ? null : (
    <p class="notice bad" role="alert">
      <Text>{children}</Text>
    </p>
  )
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>
}

interface ActionProps {
  run: () => Promise<unknown>
  children: ComponentChildren
  /** Asked before it is done. */
  confirm?: string
  tone?: 'main' | 'danger'
  disabled?: boolean
  onFailure?: (message: string | undefined) => void
}

/** A button that does something and says when that failed. */
export function Action({ run, children, confirm: question, tone, disabled = false, onFailure }: ActionProps) {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  async function act() {
    if (question !== undefined && !confirm(question)) return
    setBusy(true)
    const told = await run().then(() => undefined, messageOf)
    setBusy(false)
    if (onFailure === undefined) setFailure(told)
    else onFailure(told)
  }
  return (
    <>
      <button type="button" class={tone} disabled={disabled || isBusy} aria-busy={isBusy} onClick={() => void act()}>
        {children}
      </button>
      <Failure>{failure}</Failure>
    </>
  )
}

/** What is there of a thing that is still being asked for, or could not be had. */
export function Pending({ error }: { error: string | undefined }) {
  return error === undefined ? (
    <p class="muted" role="status">
      Loading…
    </p>
  ) : (
    <Failure>{error}</Failure>
  )
}

/** Names and values under each other; those without a value are left out. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) =>
        value === '' || value === null || value === false ? null : (
          <div key={name}>
            <dt>
              <Text>{name}</Text>
            </dt>
            <dd>{typeof value === 'string' ? <Text>{value}</Text> : value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
