import type { GeometryHeader, PictureHeader } from '../protocol.js'

/** A picture that came, `[height][width]`. */
export interface Picture extends PictureHeader {
  readonly values: Float32Array
}

/** Which pixel of the detector is where in the assembled picture. */
export interface PixelTable extends GeometryHeader {
  /** 0 a gap, else 1 + index into `[module][slow scan][fast scan]`. */
  readonly pixels: Int32Array
}

/** Header and where values begin; the values stay where they are. */
function split<H>(message: ArrayBuffer): { readonly header: H; readonly start: number } {
  const bytes = new DataView(message).getUint32(0, true)
  const text = new TextDecoder().decode(new Uint8Array(message, 4, bytes))
  return { header: JSON.parse(text) as H, start: 4 + bytes }
}

export function decodePicture(message: ArrayBuffer): Picture {
  const { header, start } = split<PictureHeader>(message)
  return { ...header, values: new Float32Array(message, start) }
}

export function decodeTable(message: ArrayBuffer): PixelTable {
  const { header, start } = split<GeometryHeader>(message)
  return { ...header, pixels: new Int32Array(message, start) }
}
