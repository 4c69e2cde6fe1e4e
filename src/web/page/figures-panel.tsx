import type { LossCause, OnlineStatus } from '../../online/live.js'
import { bytes, date, milliseconds, shareText, short, whole } from './format.js'
import { Figures, Panel } from './panel.js'

/** What each cause means, in the words of somebody on shift. */
const CAUSES: Readonly<Record<LossCause, string>> = {
  damaged: 'damaged messages',
  duplicate: 'a module twice in a train',
  late: 'came after their train was joined',
  disagreeing: 'pulses or cells unlike most modules’',
  incomplete: 'modules missing',
  uncorrected: 'no constants, or correction failed',
  unconsumed: 'nobody took them in time',
}

/** Rates, latencies and counts; what was lost, by cause. */
export function FiguresPanel({ status }: { readonly status: OnlineStatus }) {
  const { trains, rates, latency, memory, startedAt } = status
  return (
    <Panel title="Trains">
      <Figures
        rows={[
          ['rate', `${short(rates.trains)} /s`],
          ['latency p50', milliseconds(latency.p50)],
          ['latency p99', milliseconds(latency.p99)],
          ['matching', shareText(trains.matching)],
          ['received', whole(trains.received)],
          ['complete', whole(trains.complete)],
          ['partial', whole(trains.partial)],
          ['left out by choice', whole(trains.skipped)],
          ['in', `${bytes(rates.bytesIn)}/s`],
          ['out', `${bytes(rates.bytesOut)}/s`],
          ['memory', bytes(memory)],
          ['since', date(startedAt)],
        ]}
      />
      <Losses lost={trains.lost} />
    </Panel>
  )
}

function Losses({ lost }: { readonly lost: OnlineStatus['trains']['lost'] }) {
  const causes = (Object.keys(CAUSES) as LossCause[]).filter(cause => lost[cause] > 0)
  if (causes.length === 0) return <p className="dim">Nothing was lost.</p>
  return (
    <table>
      <caption>Lost, by cause</caption>
      <tbody>
        {causes.map(cause => (
          <tr key={cause}>
            <th scope="row">{cause}</th>
            <td className="number">{whole(lost[cause])}</td>
            <td className="dim">{CAUSES[cause]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
