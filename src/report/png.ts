import { crc32, deflateSync } from 'node:zlib'

/** A colour, 0 … 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** An image of palette indices, `[row][column]`; index 0 is transparent, index i ≥ 1 is `palette[i − 1]`. */
export interface IndexedImage {
  readonly rows: number
  readonly columns: number
  readonly indices: Uint8Array
  /** At most 255 colours. */
  readonly palette: readonly Rgb[]
}

/** The image as a `data:` URI of a PNG. */
export function pngUri(image: IndexedImage): string {
  return `data:image/png;base64,${pngBytes(image).toString('base64')}`
}

/** The image as a PNG file. */
export function pngBytes({ rows, columns, indices, palette }: IndexedImage): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(columns, 0)
  header.writeUInt32BE(rows, 4)
  // 8 bits a pixel, indices into the palette.
  header[8] = 8
  header[9] = 3
  const lines = Buffer.alloc(rows * (columns + 1))
  for (let row = 0; row < rows; row++)
    lines.set(indices.subarray(row * columns, (row + 1) * columns), row * (columns + 1) + 1)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from([0, 0, 0, ...palette.flat()])),
    chunk('tRNS', Buffer.from([0])),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
