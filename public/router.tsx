import { type ComponentType, createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'

/** Where one is. */
export interface Place {
  path: string
  query: Record<string, string>
  /** Goes elsewhere without loading the page anew. */
  go(address: string): void
}

export const PlaceContext = createContext<Place>({ path: '/', query: {}, go() {} })
const IdContext = createContext('')

export const usePlace = (): Place => useContext(PlaceContext)
/** The id in the address of the page. */
export const useId = (): string => useContext(IdContext)

/** The address as it changes, by links inside the console and by the browser's own buttons. */
export function useAddress(): Place {
  const [address, setAddress] = useState(location.pathname + location.search)
  const go = (next: string) => {
    history.pushState(null, '', next)
    setAddress(next)
    scrollTo(0, 0)
  }
  useEffect(() => {
    const onBack = () => setAddress(location.pathname + location.search)
    const onClick = (event: MouseEvent) => {
      const link = (event.target as Element).closest('a')
      const isElsewhere = link === null || link.origin !== location.origin || link.target !== '' || link.hash !== ''
      if (isElsewhere || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      go(link.pathname + link.search)
    }
    addEventListener('popstate', onBack)
    addEventListener('click', onClick)
    return () => {
      removeEventListener('popstate', onBack)
      removeEventListener('click', onClick)
    }
  }, [])
  const { pathname, searchParams } = new URL(address, location.origin)
  return { path: pathname, query: Object.fromEntries(searchParams), go }
}

/** An address with what its query says; what is empty is left out. */
export function addressOf(path: string, query: Record<string, string | undefined>): string {
  const said = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '')
  return said.length === 0 ? path : `${path}?${new URLSearchParams(said)}`
}

interface RouterProps {
  place: Place
  /** Pages by their address, in which the last `*` stands for the id. */
  pages: Record<string, ComponentType>
  other: ComponentType
}

/** The page of the address. Another id makes another page. */
export function Router({ place, pages, other }: RouterProps) {
  const parts = place.path.replace(/(.)\/$/, '$1').split('/')
  const fits = (pattern: string) => {
    const wanted = pattern.split('/')
    return wanted.length === parts.length && wanted.every((part, index) => part === '*' || part === parts[index])
  }
  const [pattern, Page = other] = Object.entries(pages).find(([key]) => fits(key)) ?? []
  const id = parts[pattern?.split('/').lastIndexOf('*') ?? -1] ?? ''
  return (
    <IdContext.Provider value={decoded(id)}>
      <Page key={place.path} />
    </IdContext.Provider>
  )
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
