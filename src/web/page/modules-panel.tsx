import type { ModuleStatus } from '../../online/live.js'
import type { PictureOf } from '../protocol.js'
import { whole } from './format.js'
import { Panel } from './panel.js'

interface ModulesProps {
  readonly modules: readonly ModuleStatus[]
  readonly shown: PictureOf
  readonly onShow: (module: PictureOf) => void
}

/** A field a module: its state in words; pressed, it is the one in the picture. */
export function ModulesPanel({ modules, shown, onShow }: ModulesProps) {
  const problems = modules.filter(({ problem }) => problem !== undefined)
  return (
    <Panel title="Modules">
      <ul className="modules">
        {modules.map(({ module, state, trains, missing }) => (
          <li key={module}>
            <button
              type="button"
              data-state={state}
              aria-pressed={shown === module}
              title={`in ${whole(trains)} trains, missing in ${whole(missing)}`}
              onClick={() => onShow(shown === module ? 'all' : module)}
            >
              <b>
                <span className="hidden">Module </span>
                {module}
              </b>
              <span className="number">{missing > 0 ? `−${whole(missing)}` : ''}</span>
              <span className="what">{state}</span>
            </button>
          </li>
        ))}
      </ul>
      {problems.map(({ module, problem }) => (
        <p key={module} className="bad">
          Module {module}: {problem}
        </p>
      ))}
    </Panel>
  )
}
