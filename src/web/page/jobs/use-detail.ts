import { useEffect, useState } from 'react'
import type { RequestStatus } from '../../../jobs/job-status.js'
import type { RequestDetail } from '../../jobs/protocol.js'

/** What the service knows of a request besides; asked for again whenever its state has changed. */
export function useDetail({ id, changed }: RequestStatus): RequestDetail | undefined {
  const [detail, setDetail] = useState<RequestDetail>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: `changed` is what it is asked again for.
  useEffect(() => {
    let left = false
    fetch(`/api/requests/${id}`)
      .then(answer => (answer.ok ? (answer.json() as Promise<RequestDetail>) : undefined))
      .then(
        found => {
          if (!left) setDetail(found)
        },
        // The connection is lost: the page says so, and asks again with the next change.
        () => {},
      )
    return () => {
      left = true
    }
  }, [id, changed])
  return detail?.id === id ? detail : undefined
}
