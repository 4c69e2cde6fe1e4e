import { useMemo } from 'react'
import type { TrainRecord } from '../../online/live.js'
import { Chart } from './chart.js'
import { milliseconds, short } from './format.js'
import { Panel } from './panel.js'

/** Intensity and latency of the last trains. */
export function TrendsPanel({ recent }: { readonly recent: readonly TrainRecord[] }) {
  const [intensity, latency] = useMemo(() => {
    // uPlot wants times that ascend; those of a clock that was set back do not.
    const times = recent.map(({ at }, i) => Math.max(at, ...(i > 0 ? [recent[i - 1]?.at ?? 0] : [])) / 1000)
    return [
      [times, recent.map(({ intensity }) => intensity)],
      [times, recent.map(({ latency }) => latency)],
    ] as const
  }, [recent])
  const last = recent.at(-1)
  const now = {
    intensity: short(last?.intensity ?? Number.NaN),
    latency: milliseconds(last?.latency ?? Number.NaN),
  }
  return (
    <Panel title="Trends">
      <h3>
        Intensity, mean of a train <b>{now.intensity}</b>
      </h3>
      <Chart
        kind="line"
        time
        height={110}
        data={intensity}
        label={`Intensity of the last trains, now ${now.intensity}`}
      />
      <h3>
        Latency, ms <b>{now.latency}</b>
      </h3>
      <Chart
        kind="line"
        time
        height={110}
        data={latency}
        label={`Latency of the last trains, now ${now.latency}`}
      />
    </Panel>
  )
}
