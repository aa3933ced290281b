import { useEffect, useState } from 'preact/hooks'
import { configure, messageOf, projects, Refusal, session } from './api.ts'
import { duration } from './format.ts'
import { Holder } from './holder.ts'
import { listen, useData, useLine, useNow } from './live.ts'
import { DeliveriesPage } from './pages/deliveries.tsx'
import { DeliveryPage } from './pages/delivery.tsx'
import { EditRulePage, NewRulePage } from './pages/edit-rule.tsx'
import { EvaluationPage } from './pages/evaluation.tsx'
import { InboxItemPage, InboxPage } from './pages/inbox.tsx'
import { NowPage } from './pages/now.tsx'
import { RulePage } from './pages/rule.tsx'
import { RulesPage } from './pages/rules.tsx'
import { RunPage } from './pages/run.tsx'
import { RunsPage } from './pages/runs.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { ChannelPage, ConnectionPage, NewChannelPage, NewConnectionPage } from './pages/thing.tsx'
import { ChannelsPage, ConnectionsPage } from './pages/things.tsx'
import { Failure, Page } from './parts/basics.tsx'
import { type Place, PlaceContext, Router, useAddress, usePlace } from './router.tsx'
import { chooseTheme, chosenTheme, type Theme, themes } from './theme.ts'
import type { InboxPage as InboxList, TokenHolder } from './types.ts'

/** ms after which a Tocsin that does not answer is asked again who one is. */
const AGAIN = 3000
/** Where the project is remembered that was looked at last. */
const PROJECT = 'tocsin-project'

const places = [
  ['/', 'Now'],
  ['/inbox', 'Inbox'],
  ['/rules', 'Rules'],
  ['/runs', 'Runs'],
  ['/deliveries', 'Deliveries'],
  ['/channels', 'Channels'],
  ['/connections', 'Connections'],
] as const

const pages = {
  '/': NowPage,
  '/inbox': InboxPage,
  '/inbox/*': InboxItemPage,
  '/rules': RulesPage,
  '/new': NewRulePage,
  '/rules/*': RulePage,
  '/rules/*/edit': EditRulePage,
  '/evaluations/*': EvaluationPage,
  '/runs': RunsPage,
  '/projects/*/runs/*': RunPage,
  '/deliveries': DeliveriesPage,
  '/deliveries/*': DeliveryPage,
  '/channels': ChannelsPage,
  '/channels/new': NewChannelPage,
  '/channels/*': ChannelPage,
  '/connections': ConnectionsPage,
  '/connections/new': NewConnectionPage,
  '/connections/*': ConnectionPage,
}

/** The whole console: signing in first, then the page of the address. */
export function Console() {
  const place = useAddress()
  const [holder, setHolder] = useState<TokenHolder | null>()
  const [failure, setFailure] = useState<string>()
  const [project, setProject] = useState(() => projectOf(place) ?? localStorage.getItem(PROJECT) ?? 'default')
  const [isOutdated, setOutdated] = useState(false)

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const ask = () =>
      void session<TokenHolder>('GET').then(setHolder, (thrown: unknown) => {
        if (thrown instanceof Refusal && thrown.code === 'unauthenticated') return setHolder(null)
        // It may be starting.
        setFailure(messageOf(thrown))
        timer = setTimeout(ask, AGAIN)
      })
    ask()
    return () => clearTimeout(timer)
  }, [])
  const current = holder?.project ?? project
  if (holder !== undefined && holder !== null) configure({ project: current, onSignedOut: () => setHolder(null) })
  useEffect(() => {
    if (holder === undefined || holder === null) return
    localStorage.setItem(PROJECT, current)
    return listen(() => setOutdated(true))
  }, [holder, current])

  if (holder === undefined) return <Failure>{failure}</Failure>
  if (holder === null) return <SignInPage onSignedIn={setHolder} />
  return (
    <PlaceContext.Provider value={place}>
      <Holder.Provider value={holder}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <Header
          holder={holder}
          project={current}
          onProject={(name) => {
            setProject(name)
            place.go('/')
          }}
          onSignedOut={() => setHolder(null)}
        />
        <LostLine />
        {isOutdated ? (
          <p class="banner" role="status">
            Tocsin was updated.{' '}
            <button type="button" onClick={() => location.reload()}>
              Load the new console
            </button>
          </p>
        ) : null}
        <Router key={current} place={place} pages={pages} other={NotFoundPage} />
      </Holder.Provider>
    </PlaceContext.Provider>
  )
}

/** The project that an address names. */
function projectOf({ path, query }: Place): string | undefined {
  return query['project'] ?? /^\/projects\/([^/]+)/.exec(path)?.[1]
}

interface HeaderProps {
  holder: TokenHolder
  project: string
  onProject: (name: string) => void
  onSignedOut: () => void
}

function Header({ holder, project, onProject, onSignedOut }: HeaderProps) {
  // A run's address begins with its project.
  const path = usePlace().path.replace(/^\/projects\/[^/]+/, '')
  const isAt = (place: string) => (place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`))
  return (
    <header>
      <a class="brand" href="/">
        Tocsin
      </a>
      <nav aria-label="Main">
        {places.map(([place, label]) => (
          <a key={place} href={place} aria-current={isAt(place) ? 'page' : undefined}>
            {label} {place === '/inbox' ? <Unread key={project} /> : null}
          </a>
        ))}
      </nav>
      <div class="who">
        <ProjectChoice project={project} choose={onProject} />
        <ThemeChoice />
        <span class="muted">
          {holder.name} ({holder.role}
          {holder.project === null ? '' : ` of ${holder.project}`})
        </span>
        <button type="button" onClick={() => void session('DELETE').finally(onSignedOut)}>
          Sign out
        </button>
      </div>
    </header>
  )
}

/** How many messages of the inbox nobody has read. */
function Unread() {
  const unread = useData<InboxList>('/inbox?limit=1', ['inbox']).data?.unread ?? 0
  return unread === 0 ? null : (
    <span class="count">
      {unread > 999 ? '999+' : unread}
      <span class="hidden"> unread</span>
    </span>
  )
}

/** Shown once there is more than one project. */
function ProjectChoice({ project, choose }: { project: string; choose: (name: string) => void }) {
  const [names, setNames] = useState<string[]>([])
  useEffect(() => void projects().then(setNames, () => {}), [])
  if (names.length < 2) return null
  return (
    <select aria-label="Project" value={project} onChange={({ currentTarget }) => choose(currentTarget.value)}>
      {[...new Set([project, ...names])].map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}

function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme)
  return (
    <select
      aria-label="Colours"
      value={theme}
      onChange={({ currentTarget }) => {
        chooseTheme(currentTarget.value as Theme)
        setTheme(chosenTheme())
      }}
    >
      {themes.map((one) => (
        <option key={one} value={one}>
          {one} colours
        </option>
      ))}
    </select>
  )
}

/** ms that the line may be lost before it is told, so that a short gap is none. */
const SHORT_GAP = 1500

function LostLine() {
  const line = useLine()
  const now = useNow()
  const isLost = line.state === 'lost' && now - line.since > SHORT_GAP
  return (
    <div role="status" class={isLost ? 'banner bad' : ''}>
      {isLost
        ? `The connection to Tocsin was lost ${duration(now - line.since)} ago. What you see is as it was then; it is tried again.`
        : ''}
    </div>
  )
}

function NotFoundPage() {
  return (
    <Page title="There is nothing here">
      <a href="/">Go to what happens now</a>
    </Page>
  )
}
