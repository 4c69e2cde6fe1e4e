import { COPY } from '../copy.js'
import { isOwn, type Result } from '../result.js'
import { figure, type TaskGroup } from './columns.js'

/** Narrow enough for a phone to show it without making the text small: names stand above their bars. */
const WIDTH = 360
const VALUE = 50
const NAME = 16
const ROW = 36
const AXIS = 28
/** Left of the bars: half of the first label. */
const EDGE = 14

/** Bars of a group's times on a logarithmic scale, as an SVG element: median as the bar, rounds as dots. */
export function plot({ name, results }: TaskGroup): string {
  const values = results.flatMap(({ samples }) => samples)
  const low = 10 ** Math.floor(Math.log10(Math.min(...values) / 1.5))
  const high = Math.max(...values) * 1.1
  const span = Math.log(high / low)
  const x = (ns: number): number => EDGE + (Math.log(ns / low) / span) * (WIDTH - EDGE - VALUE)
  const height = results.length * ROW + AXIS
  const bound = results.find(({ implementation }) => implementation === COPY)?.nsPerPixel
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(name)}">
${ticks(low, high)
  .map(tick => gridLine(tick, x(tick), height))
  .join('\n')}
${results.map((result, i) => bar(result, i * ROW, x)).join('\n')}
${bound !== undefined && bound > low ? boundLine(x(bound), height) : ''}
</svg>`
}

/** A line for each 1, 2 and 5 of a decade, or only for each 1 where that would be too many. */
function ticks(low: number, high: number): number[] {
  const steps = high / low > 1000 ? [1] : [1, 2, 5]
  const all: number[] = []
  for (let decade = low; decade <= high; decade *= 10) for (const step of steps) all.push(step * decade)
  return all.filter(tick => tick <= high)
}

function gridLine(tick: number, x: number, height: number): string {
  const label = String(Number(tick.toPrecision(1)))
  return `<line x1="${x}" x2="${x}" y1="0" y2="${height - AXIS}" stroke="var(--line)"/><text x="${x}" y="${height - 10}" text-anchor="middle" fill="var(--soft)">${label}</text>`
}

function bar(result: Result, y: number, x: (ns: number) => number): string {
  const { implementation, nsPerPixel, samples } = result
  const middle = y + NAME + (ROW - NAME - 4) / 2
  const end = x(nsPerPixel)
  const dots = samples.map(
    ns => `<circle cx="${x(ns).toFixed(1)}" cy="${middle}" r="2" fill="var(--dot)" fill-opacity="0.5"/>`,
  )
  return `<text x="${EDGE}" y="${y + NAME - 3}">${escapeXml(implementation)}</text>
<rect x="${EDGE}" y="${y + NAME}" width="${Math.max(1, end - EDGE).toFixed(1)}" height="${ROW - NAME - 4}" rx="2" fill="var(${isOwn(result) ? '--own' : '--peer'})"/>
${dots.join('')}<text x="${(x(Math.max(...samples)) + 8).toFixed(1)}" y="${middle + 4}">${figure(nsPerPixel)}</text>`
}

function boundLine(x: number, height: number): string {
  return `<line x1="${x}" x2="${x}" y1="0" y2="${height - AXIS}" stroke="var(--ink)" stroke-dasharray="3 3"/>`
}

/** Text as it may stand between tags and in attributes. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
