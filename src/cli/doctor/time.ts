import { spawnSync } from 'node:child_process'
import { build } from '../../version.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** ms that stored work may lie ahead of the clock: clocks are set by a little all the time. */
const AHEAD = 60_000

/** Whether the clock can be right: not before this program was made, nor before what it did, and kept by somebody. */
export function lookAtClock(now: number, latestWork: number | null): Finding[] {
  const remedy = 'set the clock, and let systemd-timesyncd, chrony or the host keep it'
  const shown = new Date(now).toISOString()
  const built = build.buildTime === null ? 0 : Date.parse(build.buildTime)
  if (now < built) return [fail('clock', `${shown} is before this program was made`, remedy)]
  if (latestWork !== null && latestWork > now + AHEAD)
    return [
      fail(
        'clock',
        `${shown} is before the latest work, of ${new Date(latestWork).toISOString()}: it was put back`,
        remedy,
      ),
    ]
  const kept = isSynchronised()
  if (kept === false) return [warn('clock', `${shown}, and nothing keeps it right`, remedy)]
  return [ok('clock', kept === null ? shown : `${shown}, kept by a time service`)]
}

/** As systemd knows it; null where there is none to ask. */
function isSynchronised(): boolean | null {
  const { status, stdout } = spawnSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: 5000,
  })
  if (status !== 0) return null
  return stdout.trim() === 'yes' ? true : stdout.trim() === 'no' ? false : null
}

/** Whether the time zones of rules are known, and summer time with them. */
export function lookAtTimeZones(zones: readonly string[]): Finding[] {
  const about = 'time zones'
  const unknown = zones.filter((zone) => !isKnown(zone))
  if (unknown.length > 0)
    return [
      fail(
        about,
        `rules name ${unknown.join(', ')}, which this runtime does not know`,
        'use another name for them, or a newer executable',
      ),
    ]
  if (
    hourIn('Europe/Berlin', '2024-07-01T00:00:00Z') !== '02' ||
    hourIn('Europe/Berlin', '2024-01-01T00:00:00Z') !== '01'
  )
    return [
      fail(about, 'summer time is not known', 'take the executable of a release: its runtime brings the data along'),
    ]
  return [ok(about, `the runtime's own data${zones.length === 0 ? '' : `, for ${zones.join(', ')}`}`)]
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).format(0) !== ''
  } catch {
    return false
  }
}

function hourIn(timeZone: string, time: string): string {
  return new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(new Date(time))
}
