import metadata from '../package.json' with { type: 'json' }

// Written into the executable by the build; absent when the source runs as it is.
declare const TOCSIN_COMMIT: string | undefined
declare const TOCSIN_BUILD_TIME: string | undefined

/** What this build is made of. */
export interface Build {
  version: string
  /** Short hash of the commit it was built from; `unknown` outside a checkout and when the source runs as it is. */
  commit: string
  /** ISO 8601; null when the source runs as it is. */
  buildTime: string | null
}

export const build: Build = {
  version: metadata.version,
  commit: typeof TOCSIN_COMMIT === 'undefined' ? 'unknown' : TOCSIN_COMMIT,
  buildTime: typeof TOCSIN_BUILD_TIME === 'undefined' ? null : TOCSIN_BUILD_TIME,
}

/** Whether this is the executable rather than the source tree. */
export const isExecutable = typeof TOCSIN_BUILD_TIME !== 'undefined'
