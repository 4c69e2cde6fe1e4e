import type { ViewLayer } from '../../online/live.js'
import type { PictureOf } from '../protocol.js'
import { status } from './connection.js'
import { useStored } from './store.js'

interface ViewProps {
  readonly layer: ViewLayer
  readonly frame: number | 'mean'
  readonly module: PictureOf
  readonly onLayer: (layer: ViewLayer) => void
  readonly onFrame: (frame: number | 'mean') => void
  readonly onModule: (module: PictureOf) => void
}

const LAYERS = ['corrected', 'raw', 'gain', 'mask'] as const

/** Which numbers of a train are shown. */
export function ViewControls({ layer, frame, module, onLayer, onFrame, onModule }: ViewProps) {
  const service = useStored(status)
  const modules = service?.detector?.moduleCount ?? service?.modules.length ?? 0
  const frames = service?.recent.at(-1)?.frames ?? 1
  const single = frame !== 'mean'
  return (
    <div className="toolbar">
      <label>
        layer
        <select value={layer} onChange={({ target }) => onLayer(target.value as ViewLayer)}>
          {LAYERS.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        module
        <select
          value={module}
          onChange={({ target: { value } }) => onModule(value === 'all' ? 'all' : Number(value))}
        >
          <option value="all">all, assembled</option>
          {Array.from({ length: modules }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: modules are their numbers.
            <option key={index} value={index}>
              {index}
            </option>
          ))}
        </select>
      </label>
      <label>
        frames
        <select
          value={single ? 'one' : 'mean'}
          onChange={({ target }) => onFrame(target.value === 'one' ? 0 : 'mean')}
        >
          <option value="mean" disabled={layer === 'gain' || layer === 'mask'}>
            mean
          </option>
          <option value="one">one pulse</option>
        </select>
      </label>
      {single && (
        <label>
          frame
          <input
            type="number"
            min={0}
            max={Math.max(0, frames - 1)}
            value={frame}
            onChange={({ target }) => onFrame(Math.max(0, Math.floor(Number(target.value)) || 0))}
          />
        </label>
      )}
    </div>
  )
}
