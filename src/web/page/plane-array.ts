import type { HeatmapVisProps } from '@h5web/lib'

/**
 * `[rows][columns]` as the picture widget takes it. The build gives it to the widget in place of the package `ndarray` (and of
 * `ndarray-ops`, which it only loads): they make their code from strings, which the page's content security policy forbids.
 */
export default function planeArray(
  data: Float32Array | Uint8Array,
  [rows = 0, columns = 0]: readonly number[],
): HeatmapVisProps['dataArray'] {
  const array = {
    ...{ data, shape: [rows, columns], size: rows * columns, dimension: 2, stride: [columns, 1], offset: 0 },
    dtype: data instanceof Float32Array ? 'float32' : 'uint8',
    get: (row: number, column: number) => data[row * columns + column],
  }
  return array as unknown as HeatmapVisProps['dataArray']
}
