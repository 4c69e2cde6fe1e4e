import { useEffect, useState } from 'react'
import type { RequestStatus } from '../../../jobs/job-status.js'
import { Panel } from '../panel.js'

interface JobLogProps {
  readonly request: number
  readonly job: RequestStatus['jobs'][number]
}

/** ms between looks at the log of a job that runs. */
const LOOK_EVERY = 1000

/** The end of what a job has said; it goes on while the job runs. */
export function JobLog({ request, job: { name, state, changed } }: JobLogProps) {
  const [text, setText] = useState('')
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once more when the job has changed.
  useEffect(() => {
    let left = false
    const look = (): void => {
      fetch(`/api/requests/${request}/logs/${encodeURIComponent(name)}`)
        .then(answer => (answer.ok ? answer.text() : ''))
        .then(
          found => {
            if (!left) setText(found)
          },
          () => {},
        )
    }
    look()
    const again = state === 'running' ? setInterval(look, LOOK_EVERY) : undefined
    return () => {
      left = true
      clearInterval(again)
    }
  }, [request, name, state, changed])
  return (
    <Panel title={`Log of ${name}`}>
      {text ? (
        // It scrolls, by keyboard too.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached.
        <pre className="log" tabIndex={0}>
          {text}
        </pre>
      ) : (
        <p className="dim">{state === 'waiting' ? 'It has not begun.' : 'It has said nothing.'}</p>
      )}
    </Panel>
  )
}
