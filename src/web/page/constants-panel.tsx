import type { ConstantStatus } from '../../online/live.js'
import { Panel } from './panel.js'

/** The constants in use, folded: many, and seldom looked at. */
export function ConstantsPanel({ constants }: { readonly constants: readonly ConstantStatus[] }) {
  return (
    <Panel title="Constants in use">
      <details>
        <summary>{constants.length === 0 ? 'none' : `${constants.length} constants`}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
        <section className="scroll" tabIndex={0} aria-label="Table of constants in use">
          <table>
            <thead>
              <tr>
                <th scope="col">module</th>
                <th scope="col">calibration</th>
                <th scope="col">valid from</th>
                <th scope="col">file</th>
              </tr>
            </thead>
            <tbody>
              {constants.map(({ module, calibration, from, file }) => (
                <tr key={`${module} ${calibration}`}>
                  <td className="number">{module}</td>
                  <td>{calibration}</td>
                  <td className="number">{from.replace('T', ' ').slice(0, 16)}</td>
                  <td>{file}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </Panel>
  )
}
