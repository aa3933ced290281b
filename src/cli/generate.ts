import { asset } from '../assets.ts'
import { writeMasterKey } from '../secrets.ts'
import type { Terminal } from './terminal.ts'

/** Files that the executable brings along, by what they are asked for as. */
const files = { unit: 'packaging/tocsin.service', config: 'packaging/tocsin.yaml' } as const

/** Prints a file to be put in its place. */
export function generate(terminal: Terminal, what: keyof typeof files): number {
  terminal.out(new TextDecoder().decode(asset(files[what])).trimEnd())
  return 0
}

/** Makes a master key in a file that is not there yet, for its owner alone. Throws `locked`. */
export function generateKey(terminal: Terminal, file: string): number {
  writeMasterKey(file)
  terminal.out(`${file} holds a new master key. Keep a copy of it apart from the database and its backups.`)
  return 0
}
