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

/** Words for states, by the colour they have. */
const tones = {
  bad: ['firing', 'recovering', 'error', 'failing', 'disabled', 'blocked', 'dead', 'rejected', 'failed', 'true'],
  warn: ['pending', 'no-data', 'unknown', 'retryable', 'waiting'],
  busy: ['sending', 'under way'],
  good: ['normal', 'ok', 'delivered', 'false'],
}

/** A state as a word with a colour. */
export function State({ of }: { of: string }) {
  const [tone = ''] = Object.entries(tones).find(([, words]) => words.includes(of)) ?? []
  return <span class={`state ${tone}`}>{of}</span>
}

/** How long ago, or how soon, with the exact time beside it. */
export function Time({ at }: { at: number }) {
  const now = useNow()
  const away = Math.abs(now - at)
  const near = away < 1000 ? 'now' : at > now ? `in ${duration(away)}` : `${duration(away)} ago`
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

/** Names and values under each other. */
export function Facts({ of }: { of: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === 'string' ? <Text>{value}</Text> : value}</dd>
        </div>
      ))}
    </dl>
  )
}
