import { useState } from 'react'
import type { RequestStatus } from '../../../jobs/job-status.js'
import { Panel } from '../panel.js'
import { nameOf, toneOf, when } from './words.js'

interface RequestListProps {
  readonly requests: readonly RequestStatus[]
  readonly shown: number
  readonly onShow: (id: number) => void
}

/** The latest requests, the newest first. */
export function RequestList({ requests, shown, onShow }: RequestListProps) {
  const [wanted, setWanted] = useState('all')
  const states = [...new Set(requests.map(({ state }) => state))].sort()
  const list = requests.filter(({ state }) => wanted === 'all' || state === wanted).toReversed()
  return (
    <Panel title="Requests">
      <div className="toolbar">
        <label>
          show
          <select value={wanted} onChange={({ target }) => setWanted(target.value)}>
            {['all', ...states].map(state => (
              <option key={state}>{state}</option>
            ))}
          </select>
        </label>
      </div>
      <ul className="requests">
        {list.map(request => (
          <li key={request.id}>
            <button type="button" aria-pressed={request.id === shown} onClick={() => onShow(request.id)}>
              <span className="number">{request.id}</span>
              <span>{nameOf(request)}</span>
              <span className="tone" data-tone={toneOf(request.state)}>
                {request.state}
              </span>
              <span className="dim">{when(request.changed)}</span>
              <JobsDone request={request} />
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** Jobs that are over, of those there are. */
function JobsDone({ request: { jobs } }: { readonly request: RequestStatus }) {
  const over = jobs.filter(({ state }) => state === 'done').length
  if (jobs.length === 0) return null
  return (
    <span className="progress">
      <progress max={jobs.length} value={over} aria-label={`${over} of ${jobs.length} jobs are done`} />
      <span className="dim">
        {over}/{jobs.length} jobs
      </span>
    </span>
  )
}
