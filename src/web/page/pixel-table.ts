import { useEffect, useState } from 'react'
import { connection } from './connection.js'
import { decodeTable, type Picture, type PixelTable } from './decode.js'
import { useStored } from './store.js'

/**
 * Which pixel of the detector is where in a picture: asked for once a connection, when there is an assembled picture. Before,
 * the service may not know it either.
 */
export function usePixelTable(picture: Picture | undefined): PixelTable | undefined {
  const { since } = useStored(connection)
  const [table, setTable] = useState<PixelTable>()
  const size = picture?.module === 'all' ? `${picture.height} × ${picture.width}` : undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new connection may be to a service with another geometry.
  useEffect(() => {
    if (size === undefined) return
    const stop = new AbortController()
    fetch('/api/geometry', { signal: stop.signal })
      .then(async answer => {
        if (answer.ok) setTable(decodeTable(await answer.arrayBuffer()))
      })
      // The connection is lost: the next one asks again.
      .catch(() => {})
    return () => stop.abort()
  }, [since, size])
  return table
}
