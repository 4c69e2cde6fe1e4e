import { short } from './format.js'
import { COLOURS, type Look } from './look.js'
import type { Interval } from './range.js'

interface LookProps {
  readonly look: Look
  /** Colours do not depend on the data. */
  readonly fixed: boolean
  /** What is drawn now. */
  readonly range: Interval
  readonly onLook: (look: Look) => void
}

/** How numbers become colours. */
export function LookControls({ look, fixed, range, onLook }: LookProps) {
  const ends = look[look.by]
  const setEnd = (index: 0 | 1, value: number): void => {
    if (Number.isFinite(value))
      onLook({ ...look, [look.by]: index === 0 ? [value, ends[1]] : [ends[0], value] })
  }
  const unit = look.by === 'percentiles' ? ', %' : ''
  return (
    <div className="toolbar">
      <label>
        colours
        <select
          value={look.colours}
          onChange={({ target }) => onLook({ ...look, colours: target.value as Look['colours'] })}
        >
          {COLOURS.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        scale
        <select
          value={look.logarithmic ? 'log' : 'linear'}
          disabled={fixed}
          onChange={({ target }) => onLook({ ...look, logarithmic: target.value === 'log' })}
        >
          <option>linear</option>
          <option>log</option>
        </select>
      </label>
      <label>
        range
        <select
          value={look.by}
          disabled={fixed}
          // What is drawn now is where fixed values begin.
          onChange={({ target }) => onLook({ ...look, by: target.value as Look['by'], values: range })}
        >
          <option value="percentiles">percentiles</option>
          <option value="values">fixed</option>
        </select>
      </label>
      {(['from', 'to'] as const).map((name, index) => (
        <label key={`${look.by} ${name}`}>
          {name}
          {unit}
          <input
            type="number"
            step="any"
            disabled={fixed}
            value={Number(short(ends[index as 0 | 1]))}
            onChange={({ target }) => setEnd(index as 0 | 1, target.valueAsNumber)}
          />
        </label>
      ))}
    </div>
  )
}
