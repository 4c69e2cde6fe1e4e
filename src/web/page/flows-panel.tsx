import type { OnlineStatus } from '../../online/live.js'
import { bytes, clock, whole } from './format.js'
import { Panel } from './panel.js'

/** Where trains come from and where they go. */
export function FlowsPanel({ status: { sources, outputs } }: { readonly status: OnlineStatus }) {
  return (
    <Panel title="Sources and outputs">
      <table>
        <thead>
          <tr>
            <th scope="col">source</th>
            <th scope="col">messages</th>
            <th scope="col">bytes</th>
            <th scope="col">last</th>
          </tr>
        </thead>
        <tbody>
          {sources.map(({ endpoint, socket, messages, bytes: size, lastAt }) => (
            <tr key={endpoint}>
              <th scope="row" className="endpoint">
                {endpoint} <span className="dim">{socket}</span>
              </th>
              <td className="number">{whole(messages)}</td>
              <td className="number">{bytes(size)}</td>
              <td className="number">{lastAt === undefined ? 'nothing yet' : clock(lastAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <thead>
          <tr>
            <th scope="col">output</th>
            <th scope="col">sent</th>
            <th scope="col">dropped</th>
          </tr>
        </thead>
        <tbody>
          {outputs.map(({ endpoint, socket, sent, dropped }) => (
            <tr key={endpoint}>
              <th scope="row" className="endpoint">
                {endpoint} <span className="dim">{socket}</span>
              </th>
              <td className="number">{whole(sent)}</td>
              <td className="number" data-bad={dropped > 0 || undefined}>
                {whole(dropped)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
