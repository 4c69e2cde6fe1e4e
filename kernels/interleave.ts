// Planes of pixels interleaved, as in files of constants: the reverse of transpose.ts.

/**
 * Writes element `[row][ss][plane]` of `out` (4 bytes each) for `rows` (a multiple of 4) fast-scan rows from `first` of
 * planes in image order, `slowScan` × `fastScan` elements each. `table` has a u32 pointer a plane. All pointers are
 * aligned to 16, `fastScan` and `first` multiples of 4.
 */
export function interleave(
  table: usize, planes: usize, slowScan: usize, fastScan: usize, first: usize, rows: usize, out: usize,
): void {
  const pitch = planes << 2
  const rowBytes = slowScan * pitch
  for (let ss: usize = 0; ss < slowScan; ++ss) {
    const pixel = ss * fastScan + first << 2
    for (let row: usize = 0; row < rows; row += 4) {
      const from = pixel + (row << 2)
      let to = out + row * rowBytes + ss * pitch
      let plane: usize = 0
      for (; plane + 4 <= planes; plane += 4) {
        quadruple(table + (plane << 2), from, to, rowBytes)
        to += 16
      }
      for (; plane < planes; ++plane) {
        single(four(table + (plane << 2), from), to, rowBytes)
        to += 4
      }
    }
  }
}

/** Four pixels of one plane. */
@inline
function four(entry: usize, from: usize): v128 {
  return v128.load(<usize>load<u32>(entry) + from)
}

/** Four pixels of four planes, each pixel to its own row. */
@inline
function quadruple(entries: usize, from: usize, to: usize, rowBytes: usize): void {
  const a = four(entries, from)
  const b = four(entries + 4, from)
  const c = four(entries + 8, from)
  const d = four(entries + 12, from)
  const ab0 = i32x4.shuffle(a, b, 0, 4, 1, 5)
  const ab1 = i32x4.shuffle(a, b, 2, 6, 3, 7)
  const cd0 = i32x4.shuffle(c, d, 0, 4, 1, 5)
  const cd1 = i32x4.shuffle(c, d, 2, 6, 3, 7)
  v128.store(to, i64x2.shuffle(ab0, cd0, 0, 2))
  v128.store(to + rowBytes, i64x2.shuffle(ab0, cd0, 1, 3))
  v128.store(to + 2 * rowBytes, i64x2.shuffle(ab1, cd1, 0, 2))
  v128.store(to + 3 * rowBytes, i64x2.shuffle(ab1, cd1, 1, 3))
}

@inline
function single(values: v128, to: usize, rowBytes: usize): void {
  v128.store32_lane(to, values, 0)
  v128.store32_lane(to + rowBytes, values, 1)
  v128.store32_lane(to + 2 * rowBytes, values, 2)
  v128.store32_lane(to + 3 * rowBytes, values, 3)
}
