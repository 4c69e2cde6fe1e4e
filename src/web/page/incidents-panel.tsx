import type { Incident } from '../../online/live.js'
import { clock, whole } from './format.js'
import { Panel } from './panel.js'

/** How many are shown before one asks for more. */
const FEW = 6

/** What went wrong, the newest first. */
export function IncidentsPanel({ incidents }: { readonly incidents: readonly Incident[] }) {
  return (
    <Panel title={`Incidents (${incidents.length})`}>
      {incidents.length === 0 && <p className="dim">None.</p>}
      <IncidentList incidents={incidents.slice(0, FEW)} />
      {incidents.length > FEW && (
        <details>
          <summary>{whole(incidents.length - FEW)} earlier ones</summary>
          <IncidentList incidents={incidents.slice(FEW)} />
        </details>
      )}
    </Panel>
  )
}

function IncidentList({ incidents }: { readonly incidents: readonly Incident[] }) {
  return (
    <ol className="incidents">
      {incidents.map(incident => (
        <li key={`${incident.at} ${incident.cause} ${incident.message} ${placed(incident)}`}>
          <time className="number">{clock(incident.at)}</time> <b>{incident.cause}</b> {incident.message}{' '}
          <span className="dim">{placed(incident)}</span>
        </li>
      ))}
    </ol>
  )
}

function placed({ place: { file, dataset, module, train } }: Incident): string {
  return [
    train === undefined ? undefined : `train ${train}`,
    module === undefined ? undefined : `module ${module}`,
    file,
    dataset,
  ]
    .filter(part => part !== undefined)
    .join(', ')
}
