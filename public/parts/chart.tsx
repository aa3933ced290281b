import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { clockTime } from '../format.ts'
import { watchTheme } from '../theme.ts'
import type { RuleValues } from '../types.ts'

const HEIGHT = 220
/** The shortest time that is drawn, in ms. */
const LEAST = 60_000

/** What a rule measured, from the least to the greatest of its alerts, against the numbers its condition compares with. */
export function Chart({ thresholds, points }: RuleValues) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const [look, setLook] = useState(0)
  const isBand = points.some(({ minimum, maximum }) => minimum !== maximum)
  const shape = `${isBand} ${thresholds}`
  const data = columnsOf(points, thresholds, isBand)
  const latest = useRef(data)
  latest.current = data

  useEffect(() => watchTheme(() => setLook((count) => count + 1)), [])
  // Made anew for other series and other colours; data comes by itself.
  useEffect(() => {
    const { current } = place
    if (current === null) return
    const width = () => Math.max(200, current.clientWidth)
    const made = new uPlot(
      { ...optionsOf(thresholds, isBand, current), width: width(), height: HEIGHT },
      latest.current,
      current,
    )
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: width(), height: HEIGHT }))
    resized.observe(current)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [shape, look])
  useEffect(() => plot.current?.setData(data))

  const last = points.at(-1)
  const value =
    last === undefined
      ? 'none'
      : last.minimum === last.maximum
        ? `${last.maximum}`
        : `${last.minimum} to ${last.maximum}`
  const against = thresholds.length === 0 ? '' : ` against ${thresholds.join(' and ')}`
  return (
    <figure>
      <div ref={place} role="img" aria-label={`Values over time: the latest is ${value}${against}.`} />
      <figcaption class="muted">
        Latest {value}
        {against}. Red points: the condition was true.
      </figcaption>
    </figure>
  )
}

function columnsOf(points: RuleValues['points'], thresholds: readonly number[], isBand: boolean): uPlot.AlignedData {
  // A run of unchanged evaluations reaches from its first to its last; one without a number makes a gap.
  const drawn = points.flatMap((point) =>
    point.firstAt < point.at ? [{ ...point, at: point.firstAt }, point] : [point],
  )
  const [first, last] = [drawn[0], drawn.at(-1)]
  if (first !== undefined && last !== undefined && last.at - first.at < LEAST)
    drawn.unshift({ ...first, at: last.at - LEAST, minimum: null, maximum: null })
  const column = (value: (point: (typeof drawn)[number]) => number | null) => drawn.map(value)
  return [
    column(({ at }) => at / 1000) as number[],
    column(({ maximum }) => maximum),
    column(({ verdict, maximum }) => (verdict === 'true' ? maximum : null)),
    ...(isBand ? [column(({ minimum }) => minimum)] : []),
    ...thresholds.map((threshold) => column(() => threshold)),
  ]
}

function optionsOf(
  thresholds: readonly number[],
  isBand: boolean,
  near: HTMLElement,
): Omit<uPlot.Options, 'width' | 'height'> {
  // What a variable stands for shows only where it is used.
  const color = (name: string) => {
    near.style.color = `var(${name})`
    const { color: found } = getComputedStyle(near)
    near.style.color = ''
    return found
  }
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1 },
  }
  return {
    padding: [8, 8, 0, 0],
    cursor: { y: false },
    scales: { y: { range: { min: { pad: 0.1, soft: 0, mode: 2 }, max: { pad: 0.1, soft: 0, mode: 2 } } } },
    axes: [
      {
        ...axis,
        space: 70,
        size: 30,
        values: (_, times, __, ___, step) => times.map((time) => axisTime(time * 1000, step)),
      },
      { ...axis, size: 56 },
    ],
    bands: isBand ? [{ series: [1, 3], fill: color('--band') }] : [],
    series: [
      { label: 'Time', value: (_, time) => (time === null ? '--' : clockTime(time * 1000, 0)) },
      { label: isBand ? 'Highest' : 'Value', stroke: color('--accent'), width: 2, points: { show: false } },
      { label: 'True', stroke: color('--bad'), width: 0, points: { show: true, size: 6, fill: color('--bad') } },
      ...(isBand ? [{ label: 'Lowest', stroke: color('--accent'), width: 1, points: { show: false } }] : []),
      ...thresholds.map(() => ({
        label: 'Threshold',
        stroke: color('--bad'),
        width: 1,
        dash: [6, 4],
        points: { show: false },
      })),
    ],
  }
}

/** A mark of the axis of time: the day at midnight, else the time; seconds only where marks (`step`, s) are close. */
function axisTime(at: number, step: number): string {
  const time = new Date(at)
  if (time.getHours() + time.getMinutes() + time.getSeconds() === 0)
    return time.toLocaleDateString([], { month: 'short', day: 'numeric' })
  return time.toTimeString().slice(0, step < 60 ? 8 : 5)
}
