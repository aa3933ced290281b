import { readFileSync } from 'node:fs'
import type { Command } from '@commander-js/extra-typings'
import { type Config, loadConfig, settings } from '../config.ts'
import type { Terminal } from './terminal.ts'

/** Flags of settings as the command line gives them, by setting path; `config` names the file. */
export type Flags = Readonly<Record<string, string | undefined>>

/** Adds `--config` and a flag for each setting, or for those named. */
export function withSettings<C extends Command>(command: C, only?: readonly string[]): C {
  command.option('--config <file>', 'YAML file of settings (TOCSIN_CONFIG)')
  for (const { path, flag, env, kind, initial, doc } of settings) {
    if (only !== undefined && !only.includes(path)) continue
    const shown = initial === null || (Array.isArray(initial) && initial.length === 0) ? '' : `, default ${initial}`
    command.option(`--${flag} <${kind}>`, `${doc} (${env}${shown})`)
  }
  return command
}

/** The flags of settings among the options of a command. */
export function flagsOf(options: Readonly<Record<string, unknown>>): Flags {
  const flags: Record<string, string> = {}
  const take = (path: string, name: string) => {
    const value = options[name]
    if (typeof value === 'string') flags[path] = value
  }
  take('config', 'config')
  for (const { path, flag } of settings)
    take(
      path,
      flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    )
  return flags
}

/** The settings in force; what is odd about them is told on standard error. Throws `invalid`. */
export function settle(terminal: Terminal, flags: Flags): Config {
  const { config, warnings } = loadConfig(flags, terminal.env, (path) => readFileSync(path, 'utf8'))
  for (const warning of warnings) terminal.err(`tocsin: ${warning}`)
  return config
}
