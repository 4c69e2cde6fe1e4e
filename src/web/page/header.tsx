import type { OnlineStatus } from '../../online/live.js'
import { connection } from './connection.js'
import { bytes, short, whole } from './format.js'
import { useStored } from './store.js'

const MEANINGS: Readonly<Record<OnlineStatus['state'], string>> = {
  waiting: 'waiting for the first train',
  loading: 'loading constants',
  running: 'running',
  failing: 'all trains lost',
  stalled: 'source stopped',
  stopping: 'stopping',
}

/** One line that says whether all is well. */
export function Header({ status }: { readonly status: OnlineStatus | undefined }) {
  const { state } = useStored(connection)
  const connected = state === 'open' && status !== undefined
  const meaning = connected ? MEANINGS[status.state] : state === 'lost' ? 'no connection' : 'connecting'
  return (
    <header>
      <h1>detcal</h1>
      <span className="state" data-state={connected ? status.state : state}>
        {meaning}
      </span>
      {status?.detector && (
        <span title={status.detector.name}>
          {status.detector.name} <span className="dim">{status.detector.karaboId}</span>
        </span>
      )}
      {status && (
        <>
          <span>
            train <b>{whole(status.recent.at(-1)?.train ?? Number.NaN)}</b>
          </span>
          <span>{short(status.rates.trains)} trains/s</span>
          <span>{bytes(status.rates.bytesIn)}/s in</span>
          <span className="dim version">{status.version}</span>
        </>
      )}
    </header>
  )
}
