import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { clock } from './format.js'
import { DARK, useMedia } from './media.js'

interface ChartProps {
  /** What a reader of the screen hears. */
  readonly label: string
  /** x, ascending, and y. */
  readonly data: readonly [x: readonly number[], y: readonly number[]]
  readonly kind: 'line' | 'bars'
  /** x is a time, seconds since 1970. */
  readonly time?: boolean
  readonly logarithmic?: boolean
  readonly height: number
}

/** One curve, or bars. uPlot draws on a canvas, so that colours are asked of the style sheet when it is made. */
export function Chart({ label, data, kind, time = false, logarithmic = false, height }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>()
  const dark = useMedia(DARK)

  // biome-ignore lint/correctness/useExhaustiveDependencies: `dark` changes the colours; data have an effect of their own.
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const style = getComputedStyle(element)
    const [text, grid, curve] = ['--dim', '--line', '--accent'].map(name => style.getPropertyValue(name)) as [
      string,
      string,
      string,
    ]
    const bars = uPlot.paths.bars?.({ size: [1] })
    const axis: uPlot.Axis = {
      ...{ stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false } },
      font: `11px ${style.fontFamily}`,
    }
    const times = { values: (_: uPlot, at: number[]) => at.map(seconds => clock(seconds * 1000)) }
    const own = new uPlot(
      {
        ...{ width: element.clientWidth || 300, height, legend: { show: false } },
        padding: [8, 8, 0, 0],
        cursor: { show: false },
        scales: { x: { time }, ...(logarithmic && { y: { distr: 3 } }) },
        axes: [
          { ...axis, size: 24, space: 70, ...(time && times) },
          { ...axis, size: 52, space: 26 },
        ],
        series: [
          {},
          {
            ...{ stroke: curve, width: 1.5, points: { show: false } },
            ...(kind === 'bars' &&
              bars && {
                fill: curve,
                width: 0,
                paths: bars,
              }),
          },
        ],
      },
      data as unknown as uPlot.AlignedData,
      element,
    )
    plot.current = own
    const resized = new ResizeObserver(() => own.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      own.destroy()
    }
  }, [kind, time, logarithmic, height, dark])

  useEffect(() => plot.current?.setData(data as unknown as uPlot.AlignedData), [data])
  return <div ref={place} className="chart" role="img" aria-label={label} />
}
