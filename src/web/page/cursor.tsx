import { useCanvasEvent } from '@h5web/lib'
import type { ViewLayer } from '../../online/live.js'
import { exact } from './format.js'
import type { Pixel } from './pixel.js'

type OnPlace = (place: readonly [x: number, y: number]) => void

/** Tells where the mouse or a finger is, in the units of the axes. */
export function PointedAt({ onPlace }: { readonly onPlace: OnPlace }) {
  const tell = ({
    dataPt: { x, y },
  }: {
    readonly dataPt: { readonly x: number; readonly y: number }
  }): void => onPlace([x, y])
  useCanvasEvent<'pointermove', PointerEvent>('pointermove', tell)
  useCanvasEvent<'pointerdown', PointerEvent>('pointerdown', tell)
  return null
}

interface ReadoutProps {
  readonly pixel: Pixel | undefined
  readonly layer: ViewLayer
}

/** `module 3, slow scan 12, fast scan 40: 123.4` */
export function Readout({ pixel, layer }: ReadoutProps) {
  if (pixel === undefined) return <span className="dim">no pixel under the cursor</span>
  const { of, value, column, row } = pixel
  if (of === undefined)
    return (
      <span>
        column {column}, row {row}: gap
      </span>
    )
  return (
    <span>
      module {of.module}, slow scan {of.slowScan}, fast scan {of.fastScan}:{' '}
      <b>{layer === 'mask' ? reasons(value) : exact(value)}</b>
    </span>
  )
}

/** `good`, or `bits 0, 11`: which reasons a bad pixel has. */
function reasons(value: number): string {
  if (!Number.isFinite(value)) return exact(value)
  const bits = Array.from({ length: 24 }, (_, bit) => bit).filter(
    bit => Math.floor(value / 2 ** bit) % 2 === 1,
  )
  return bits.length === 0 ? 'good' : `bits ${bits.join(', ')}`
}
