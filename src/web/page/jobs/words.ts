import type { DarkRuns } from '../../../jobs/dark-runs.js'
import type { RequestStatus } from '../../../jobs/job-status.js'
import { date } from '../format.js'

/** What a state comes to: it goes on, is well, went wrong, or waits. */
type Tone = 'active' | 'good' | 'bad' | 'waits'

/** `SPB p900900 r0001`, `SPB p900900 dark r0001 r0002 r0003` */
export function nameOf({ instrument, proposal, run, dark }: RequestStatus): string {
  const runs = dark === '' ? [run] : Object.values((JSON.parse(dark) as DarkRuns).runs)
  const names = runs.map(number => `r${String(number).padStart(4, '0')}`)
  return `${instrument} p${String(proposal).padStart(6, '0')} ${dark === '' ? '' : 'dark '}${names.join(' ')}`
}

export function toneOf(state: string): Tone {
  if (state === 'done') return 'good'
  if (state === 'failed') return 'bad'
  return ['planning', 'planned', 'running', 'summarising', 'characterising'].includes(state)
    ? 'active'
    : 'waits'
}

export function isOver(state: string): boolean {
  return ['done', 'failed', 'cancelled', 'recorded'].includes(state)
}

/** `30 Nov, 03:12` of an ISO time, where the page is. */
export function when(time: string): string {
  return date(Date.parse(time))
}
