import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { TokenHolder } from './types.ts'

/** Who is signed in. */
export const Holder = createContext<TokenHolder>({ id: '', name: '', role: 'viewer', project: null })

/** What the one who is signed in may do. */
export function useRights(): { canEdit: boolean; isAdmin: boolean } {
  const { role } = useContext(Holder)
  return { canEdit: role !== 'viewer', isAdmin: role === 'admin' }
}
