import { useEffect, useMemo, useRef, useState } from 'react'
import type { ViewLayer } from '../../online/live.js'
import type { PictureOf } from '../protocol.js'
import type { MoveView } from './camera.js'
import { Chart } from './chart.js'
import { acknowledge, connection, picture, show, status } from './connection.js'
import type { Picture } from './decode.js'
import { whole } from './format.js'
import { Heatmap } from './heatmap.js'
import { FIRST_LOOK, FIXED_RANGES, type Look } from './look.js'
import { LookControls } from './look-controls.js'
import { Panel } from './panel.js'
import { usePixelTable } from './pixel-table.js'
import { drawable, histogram, type Interval, percentiles, sampleOf, settled } from './range.js'
import { useStored } from './store.js'
import { ViewControls } from './view-controls.js'

interface ImageProps {
  readonly module: PictureOf
  readonly onModule: (module: PictureOf) => void
}

const BINS = 64

/** The live picture: what is shown, how it is drawn, and how often its values occur. */
export function ImagePanel({ module, onModule }: ImageProps) {
  const now = useStored(picture)
  const table = usePixelTable(now)
  const move = useRef<MoveView>()
  const [layer, setLayer] = useState<ViewLayer>('corrected')
  const [frame, setFrame] = useState<number | 'mean'>('mean')
  const [look, setLook] = useState<Look>(FIRST_LOOK)
  // There is no mean of stages and bits.
  const asked = (layer === 'gain' || layer === 'mask') && frame === 'mean' ? 0 : frame

  useEffect(() => show({ layer, frame: asked, module }), [layer, asked, module])
  // The next picture may come when this one is on the screen; on a hidden page that is never.
  useEffect(() => {
    if (now === undefined) return
    const request = requestAnimationFrame(() => acknowledge(now.picture))
    return () => cancelAnimationFrame(request)
  }, [now])

  const sample = useMemo(() => now && sampleOf(now.values), [now])
  const range = useRange(now, sample, look)
  const bars = useMemo(() => {
    const { centres, counts } = histogram(sample ?? new Float32Array(), range, BINS)
    return [centres, counts] as const
  }, [sample, range])

  return (
    <Panel title="Picture">
      <ViewControls {...{ layer, frame: asked, module, onModule }} onLayer={setLayer} onFrame={setFrame} />
      {now ? <Heatmap {...{ picture: now, table, range, look, move }} /> : <Nothing />}
      {now && <Caption of={now} />}
      <LookControls look={look} fixed={layer in FIXED_RANGES} range={range} onLook={setLook} />
      <Chart
        kind="bars"
        height={90}
        data={bars}
        label={`Histogram of values from ${range[0]} to ${range[1]}`}
      />
    </Panel>
  )
}

function Nothing() {
  const { state } = useStored(connection)
  const service = useStored(status)
  return (
    <p className="nothing">
      {state !== 'open'
        ? 'No connection, no picture yet.'
        : service?.state === 'running'
          ? 'The picture is coming.'
          : 'No picture: no train has come.'}
    </p>
  )
}

/** What the picture is of: it may be older than what is asked for now. */
function Caption({ of: { train, layer, frame, module, present } }: { readonly of: Picture }) {
  const missing = present.flatMap((there, index) => (there ? [] : [index]))
  return (
    <p className="caption">
      Train <b>{whole(train)}</b>, {layer}, {frame === 'mean' ? 'mean of its frames' : `frame ${frame}`},{' '}
      {module === 'all' ? 'seen along the beam' : `module ${module}`}
      {missing.length > 0 && <b className="bad"> without module {missing.join(', ')}</b>}
    </p>
  )
}

/** From which value to which the colours go; it follows the data only when they leave it. */
function useRange(now: Picture | undefined, sample: Float32Array | undefined, look: Look): Interval {
  const last = useRef<{ readonly key: string; readonly range: Interval }>()
  return useMemo(() => {
    if (now?.layer === 'gain' || now?.layer === 'mask') return FIXED_RANGES[now.layer]
    if (look.by === 'values') return drawable(look.values, look.logarithmic)
    const from = look.logarithmic ? sample?.subarray(sample.findIndex(value => value > 0)) : sample
    const found = from && percentiles(from, ...look.percentiles)
    if (found === undefined) return [0, 1]
    const key = JSON.stringify([now?.layer, now?.frame, look])
    const wanted = drawable(found, look.logarithmic)
    const range = settled(last.current?.key === key ? last.current.range : undefined, wanted)
    last.current = { key, range }
    return range
  }, [now, sample, look])
}
