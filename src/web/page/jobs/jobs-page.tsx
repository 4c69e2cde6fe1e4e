import { useState } from 'react'
import { useStored } from '../store.js'
import { queue, serviceLink } from './connection.js'
import { RequestList } from './request-list.js'
import { RequestPanel } from './request-panel.js'

/** The page of jobs: all requests, and one of them in detail: the latest, until another is chosen. */
export function JobsPage() {
  const state = useStored(serviceLink)
  const now = useStored(queue)
  const [chosen, setChosen] = useState<number>()
  const shown = now?.requests.find(({ id }) => id === chosen) ?? now?.requests.at(-1)
  return (
    <>
      <header>
        <h1>detcal jobs</h1>
        <span className="state" data-state={state === 'open' ? 'running' : state}>
          {state === 'open' ? 'connected' : state === 'lost' ? 'no connection' : 'connecting'}
        </span>
        {now &&
          Object.entries(now.counts).map(([name, count]) => (
            <span key={name}>
              <b>{count}</b> {name}
            </span>
          ))}
        {now && <span className="dim version">{now.version}</span>}
      </header>
      <div className="notices" role="status">
        {state === 'lost' && (
          <p className="bad">
            No connection to the service. Trying again every second; what is shown is old.
          </p>
        )}
        {state === 'open' && now?.requests.length === 0 && <p>Nothing was asked for yet.</p>}
      </div>
      <main>
        {now && shown && (
          <>
            <RequestList requests={now.requests} shown={shown.id} onShow={setChosen} />
            <RequestPanel request={shown} />
          </>
        )}
      </main>
    </>
  )
}
