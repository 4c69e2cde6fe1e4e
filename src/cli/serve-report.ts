import { printable } from '../model/printable.js'
import type { Incident, OnlineStatus } from '../online/live.js'

/** One line of what went wrong: for people, or JSON. */
export function incidentLine(incident: Incident, asJson: boolean): string {
  if (asJson) return `${JSON.stringify(incident)}\n`
  const { cause, message, place } = incident
  const where = [
    place.module === undefined ? undefined : `module ${place.module}`,
    place.train === undefined ? undefined : `train ${place.train}`,
  ].filter(part => part !== undefined)
  return `detcal: ${cause}${where.length > 0 ? `, ${where.join(', ')}` : ''}: ${printable(message)}\n`
}

/** What went through a service, when it ends. */
export function serveReport({ trains, outputs, latency, detector }: OnlineStatus): string {
  const { received, complete, partial, skipped, lost } = trains
  const losses = Object.entries(lost).filter(([, count]) => count > 0)
  const ms = (value: number): string => (Number.isNaN(value) ? '-' : `${value.toFixed(0)} ms`)
  return lines([
    ['detector', detector === undefined ? 'none seen' : printable(`${detector.name} (${detector.karaboId})`)],
    [
      'trains',
      `${received}: ${complete} complete, ${partial} partial; ${skipped} left out by filter or stride`,
    ],
    [
      'lost',
      losses.length === 0 ? 'nothing' : losses.map(([cause, count]) => `${count} ${cause}`).join(', '),
    ],
    ['latency', `half of the trains ${ms(latency.p50)}, 99 % ${ms(latency.p99)}`],
    ...outputs.map(({ endpoint, socket, sent, dropped }): [string, string] => [
      'output',
      `${endpoint} (${socket}), ${sent} trains sent, ${dropped} dropped`,
    ]),
  ])
}

function lines(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, text]) => `${name.padEnd(9)} ${text}\n`).join('')
}
