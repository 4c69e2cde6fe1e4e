import { useState } from 'react'
import type { RequestStatus } from '../../../jobs/job-status.js'
import { permission, post } from '../commands.js'
import { Figures, Panel } from '../panel.js'
import { useStored } from '../store.js'
import { JobLog } from './job-log.js'
import { useDetail } from './use-detail.js'
import { isOver, nameOf, toneOf, when } from './words.js'

/** One request: how far it is, what came of it, its jobs and what they say. */
export function RequestPanel({ request }: { readonly request: RequestStatus }) {
  const detail = useDetail(request)
  const [log, setLog] = useState<string>()
  const { id, state, reason, jobs, detector, quality, priority, rid, created, changed } = request
  const shown =
    jobs.find(({ name }) => name === log) ?? jobs.find(job => job.state === 'running') ?? jobs.at(-1)
  return (
    <div className="column">
      <Panel title={`Request ${id}: ${nameOf(request)}`}>
        <p>
          <span className="tone" data-tone={toneOf(state)}>
            {state}
          </span>{' '}
          since {when(changed)}{' '}
          {reason && <span className={state === 'failed' ? 'bad' : 'dim'}>{reason}</span>}
        </p>
        <Figures
          rows={[
            ['quality', quality || 'not judged'],
            ['priority', String(priority)],
            ['asked for', when(created)],
            ['detector', detector || 'all'],
            ...(rid ? [['name', rid] as const] : []),
          ]}
        />
        {detail?.reports.map(({ detector, verdict, path }) => (
          <p key={detector} className="report">
            <a href={path} target="_blank" rel="noreferrer">
              Report of {detector}
            </a>
            : {verdict}
          </p>
        ))}
        {detail && request.dark === '' && <p className="dim endpoint">files: {detail.proc}</p>}
        {!isOver(state) && <CancelButton id={id} />}
      </Panel>
      {jobs.length > 0 && (
        <Panel title="Jobs">
          <ul className="jobs">
            {jobs.map(job => (
              <li key={job.name}>
                <button
                  type="button"
                  aria-pressed={job.name === shown?.name}
                  onClick={() => setLog(job.name)}
                >
                  <span>{job.name}</span>
                  <span className="tone" data-tone={toneOf(job.state)}>
                    {job.state}
                  </span>
                  <span className="dim">
                    {when(job.changed)}
                    {job.attempt > 1 && `, start ${job.attempt}`}
                  </span>
                  {job.reason && <span className="dim reason">{job.reason}</span>}
                </button>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {shown && <JobLog key={`${id} ${shown.name}`} request={id} job={shown} />}
    </div>
  )
}

/** Calls the request off, where the page may. */
function CancelButton({ id }: { readonly id: number }) {
  const allowed = useStored(permission) === 'granted'
  const [refused, setRefused] = useState<string>()
  const cancel = (): void => {
    post(`/api/requests/${id}/cancel`, {}).then(
      () => setRefused(undefined),
      (error: Error) => setRefused(error.message),
    )
  }
  if (!allowed)
    return <p className="dim">To cancel it, open the address with its token that the service printed.</p>
  return (
    <p>
      <button type="button" onClick={cancel}>
        Cancel request {id}
      </button>{' '}
      {refused && <span className="bad">{refused}</span>}
    </p>
  )
}
