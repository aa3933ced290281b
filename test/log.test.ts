import { describe, expect, test } from 'bun:test'
import { createLog, type LogLevel } from '../src/log.ts'
import { manualClock } from './support/manual-clock.ts'

function recorder(level: LogLevel) {
  const lines: string[] = []
  return { log: createLog((line) => lines.push(line), level, manualClock(0)), lines }
}

describe('log', () => {
  test('an event is one JSON object on one line, with time and level', () => {
    const { log, lines } = recorder('info')
    log.breakerOpened({ project: 'default', connection: 'warehouse', reason: 'refused\nby host' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('\n')
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      event: 'breakerOpened',
      project: 'default',
      connection: 'warehouse',
      reason: 'refused\nby host',
    })
  })

  test('events below the level are left out', () => {
    const { log, lines } = recorder('warn')
    log.stopped({ uptime: 1 })
    log.requestFinished({ method: 'GET', path: '/', status: 200, took: 1 })
    log.defect({ where: 'scheduler', error: new Error('boom') })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('boom')
  })

  test('the level may change while it is used', () => {
    const lines: string[] = []
    let level: LogLevel = 'error'
    const log = createLog(
      (line) => lines.push(line),
      () => level,
      manualClock(0),
    )
    log.stopped({ uptime: 1 })
    level = 'info'
    log.stopped({ uptime: 2 })
    expect(lines.map((line) => JSON.parse(line).uptime)).toEqual([2])
  })

  test('passwords in URLs and tokens are cut out of every text', () => {
    const { log, lines } = recorder('info')
    log.defect({ where: 'x', error: new Error('postgres://guest:hunter2@db/x and Authorization: Bearer abc.def-123') })
    log.advice({ text: 'http://u:pa55@host' })
    expect(lines.join()).not.toMatch(/hunter2|abc\.def|pa55/)
    expect(lines.join()).toContain('postgres://***@db/x')
  })
})
