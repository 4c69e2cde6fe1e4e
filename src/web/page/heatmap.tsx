import {
  ColorBar,
  DefaultInteractions,
  HeatmapMesh,
  type HeatmapMeshProps,
  ScaleType,
  TooltipMesh,
  VisCanvas,
} from '@h5web/lib'
import { type KeyboardEvent, type MutableRefObject, useMemo, useState } from 'react'
import { Camera, type MoveView } from './camera.js'
import { PointedAt, Readout } from './cursor.js'
import type { Picture, PixelTable } from './decode.js'
import type { Look } from './look.js'
import { DARK, NARROW, useMedia } from './media.js'
import { type Pixel, pixelAt } from './pixel.js'
import planeArray from './plane-array.js'
import type { Interval } from './range.js'
import { Refresh } from './refresh.js'

interface HeatmapProps {
  readonly picture: Picture
  readonly table: PixelTable | undefined
  readonly range: Interval
  readonly look: Look
  readonly move: MutableRefObject<MoveView | undefined>
}

/** The picture with axes and colour bar. Assembled it is shown as the beam sees it: y upwards, x to the left. */
export function Heatmap({ picture, table, range, look, move }: HeatmapProps) {
  const { height, width, values, module, layer } = picture
  const narrow = useMedia(NARROW)
  const gap = useMedia(DARK) ? '#2b3138' : '#d9dce0'
  const [place, setPlace] = useState<readonly [x: number, y: number]>()
  // One array for all pictures of a size: the widget makes a texture of each array that it is given.
  const array = useMemo(() => planeArray(new Float32Array(height * width), [height, width]), [height, width])
  ;(array.data as Float32Array).set(values)

  const assembled = module === 'all'
  // Assembled, axes count from the beam.
  const [y, x] = assembled ? (table?.centre ?? [0, 0]) : [0, 0]
  const under = (along: number, up: number): Pixel | undefined =>
    pixelAt(picture, table, Math.floor(along + x), Math.floor(up + y))
  const colours = {
    domain: [...range] as [number, number],
    ...{ colorMap: look.colours, invertColorMap: false },
    scaleType: look.logarithmic && layer !== 'gain' && layer !== 'mask' ? ScaleType.Log : ScaleType.Linear,
  } as const
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys and + and - move the picture. */}
      <div className="picture" tabIndex={0} role="application" aria-label={KEYBOARD} onKeyDown={press(move)}>
        <VisCanvas
          aspect="equal"
          showAxes={!narrow}
          abscissaConfig={{
            ...{ visDomain: [-x, width - x], flip: assembled },
            label: assembled ? 'x from the beam, pixels' : 'fast scan',
          }}
          ordinateConfig={{
            visDomain: [-y, height - y],
            label: assembled ? 'y from the beam, pixels' : 'slow scan',
          }}
        >
          <DefaultInteractions />
          <TooltipMesh
            guides="both"
            renderTooltip={(along, up) => <Readout pixel={under(along, up)} layer={layer} />}
          />
          <HeatmapMesh
            {...colours}
            values={array as HeatmapMeshProps['values']}
            badColor={gap}
            scale={[assembled ? -1 : 1, 1, 1]}
          />
          <Refresh of={picture} />
          <Camera move={move} onCentre={setPlace} />
          <PointedAt onPlace={setPlace} />
        </VisCanvas>
        {!narrow && <ColorBar {...colours} withBounds />}
      </div>
      {narrow && (
        <div className="colours">
          <ColorBar {...colours} horizontal withBounds />
        </div>
      )}
      <div className="buttons">
        <button type="button" aria-label="Zoom in" onClick={() => move.current?.('in')}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => move.current?.('out')}>
          −
        </button>
        <button type="button" onClick={() => move.current?.('home')}>
          Show all
        </button>
        <output className="readout" aria-label="Value under the cursor">
          <Readout pixel={place && under(...place)} layer={layer} />
        </output>
      </div>
    </>
  )
}

const KEYBOARD =
  'Picture. Arrow keys move it, plus and minus zoom, zero shows all; the value in its middle is told below'

const KEYS: Readonly<Record<string, Parameters<MoveView>[0]>> = {
  ...{ '+': 'in', '=': 'in', '-': 'out', '0': 'home' },
  ...{ ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' },
}

function press(move: MutableRefObject<MoveView | undefined>): (event: KeyboardEvent) => void {
  return event => {
    const command = KEYS[event.key]
    if (command === undefined || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    move.current?.(command)
  }
}
