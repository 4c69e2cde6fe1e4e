import { useEffect, useState } from 'react'
import type { OnlineStatus } from '../../online/live.js'
import { type Connection, connection, refusal } from './connection.js'
import { clock, duration, whole } from './format.js'
import { useStored } from './store.js'

/** How long it is said that the connection is there again. */
const REMEMBERED = 10_000

/** What somebody must know before believing the rest of the page; read aloud when it changes. */
export function Notices({ status }: { readonly status: OnlineStatus | undefined }) {
  const way = useStored(connection)
  const refused = useStored(refusal)
  const back = useRecent(way)
  return (
    <div className="notices" role="status">
      {way.state === 'lost' && (
        <p className="bad">
          No connection to the service since {clock(way.since)}. Trying again every second; what is shown is
          old.
        </p>
      )}
      {back && way.lostFor !== undefined && (
        <p className="good">
          Connected again at {clock(way.since)}, after {duration(way.lostFor)}.
        </p>
      )}
      {way.state === 'open' && status && <StateNotice status={status} />}
      {refused && <p className="bad">The service refused what this page asked for: {refused}</p>}
    </div>
  )
}

function StateNotice({ status: { state, recent } }: { readonly status: OnlineStatus }) {
  const last = recent.at(-1)
  if (state === 'stalled')
    return (
      <p className="bad">
        The source has stopped: no trains come.
        {last && ` The last was train ${whole(last.train)} at ${clock(last.at)}.`}
      </p>
    )
  if (state === 'failing')
    return <p className="bad">Trains come, and all are lost: the incidents below say why.</p>
  if (state === 'waiting') return <p>Waiting for the first train: nothing has come from the source yet.</p>
  if (state === 'loading') return <p>Constants are being loaded.</p>
  return state === 'stopping' ? <p className="bad">The service is stopping.</p> : null
}

/** Whether the connection came back a moment ago. */
function useRecent({ lostFor, since }: Connection): boolean {
  const [over, setOver] = useState(0)
  useEffect(() => {
    if (lostFor === undefined) return
    const timer = setTimeout(() => setOver(since), REMEMBERED)
    return () => clearTimeout(timer)
  }, [lostFor, since])
  return lostFor !== undefined && over !== since
}
