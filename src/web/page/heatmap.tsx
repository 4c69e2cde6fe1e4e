import { HeatmapVis, ScaleType } from '@h5web/lib'
import { type KeyboardEvent, type MutableRefObject, useMemo, useState } from 'react'
import { Camera, type Move } from './camera.js'
import { Cursor, Readout } from './cursor.js'
import type { Picture, PixelTable } from './decode.js'
import type { Look } from './look.js'
import { pixelAt } from './pixel.js'
import planeArray from './plane-array.js'
import type { Interval } from './range.js'
import { Refresh } from './refresh.js'

export type { Move } from './camera.js'

interface HeatmapProps {
  readonly picture: Picture
  readonly table: PixelTable | undefined
  readonly range: Interval
  readonly look: Look
  readonly move: MutableRefObject<Move | undefined>
}

const KEYS: Readonly<Record<string, Parameters<Move>>> = {
  '+': ['in'],
  '=': ['in'],
  '-': ['out'],
  '0': ['home'],
  ArrowLeft: ['left'],
  ArrowRight: ['right'],
  ArrowUp: ['up'],
  ArrowDown: ['down'],
}

/** The picture with axes and colour bar. Assembled it is shown as the beam sees it: y upwards, x to the left. */
export function Heatmap({ picture, table, range, look, move }: HeatmapProps) {
  const { height, width, values, module } = picture
  const [place, setPlace] = useState<readonly [column: number, row: number]>()
  // One array for all pictures of a size: the widget makes a texture of each array that it is given.
  const array = useMemo(() => planeArray(values.slice(), [height, width]), [height, width])
  ;(array.data as Float32Array).set(values)
  const press = (event: KeyboardEvent): void => {
    const command = KEYS[event.key]
    if (command === undefined) return
    event.preventDefault()
    move.current?.(...command)
  }
  const pixel = place && pixelAt(picture, table, ...place)
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys and + and - move the picture. */}
      <div className="picture" tabIndex={0} role="application" aria-label={KEYBOARD} onKeyDown={press}>
        <HeatmapVis
          className="heatmap"
          dataArray={array}
          domain={[...range]}
          colorMap={look.colours}
          scaleType={
            look.logarithmic && picture.layer !== 'gain' && picture.layer !== 'mask'
              ? ScaleType.Log
              : ScaleType.Linear
          }
          flipXAxis={module === 'all'}
          abscissaParams={{ label: module === 'all' ? 'x, pixels' : 'fast scan' }}
          ordinateParams={{ label: module === 'all' ? 'y, pixels' : 'slow scan' }}
          renderTooltip={({ xi, yi }) => (
            <Readout pixel={pixelAt(picture, table, xi, yi)} layer={picture.layer} />
          )}
        >
          <Refresh of={picture} />
          <Camera move={move} onCentre={setPlace} />
          <Cursor onPlace={setPlace} />
        </HeatmapVis>
      </div>
      <div className="buttons">
        <button type="button" aria-label="Zoom in" onClick={() => move.current?.('in')}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => move.current?.('out')}>
          −
        </button>
        <button type="button" onClick={() => move.current?.('home')}>
          whole
        </button>
        <output className="readout" aria-label="Value under the cursor">
          <Readout pixel={pixel} layer={picture.layer} />
        </output>
      </div>
    </>
  )
}

const KEYBOARD =
  'Picture. Arrow keys move it, plus and minus zoom, zero shows all; the value in its middle is told below'
