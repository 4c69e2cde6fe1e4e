import { useEffect, useState } from 'react'
import { connection, status } from './connection.js'
import { decodeTable, type PixelTable } from './decode.js'
import { useStored } from './store.js'

/** Which pixel of the detector is where: asked for once a connection, when the detector is known. */
export function usePixelTable(): PixelTable | undefined {
  const { state, since } = useStored(connection)
  const detector = useStored(status)?.detector?.id
  const [table, setTable] = useState<PixelTable>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new connection may be to a service with another geometry.
  useEffect(() => {
    if (state !== 'open' || detector === undefined) return
    const stop = new AbortController()
    fetch('/api/geometry', { signal: stop.signal })
      .then(async answer => {
        if (answer.ok) setTable(decodeTable(await answer.arrayBuffer()))
      })
      // The connection is lost: the next one asks again.
      .catch(() => {})
    return () => stop.abort()
  }, [state, since, detector])
  return table
}
