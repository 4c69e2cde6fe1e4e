import type { OnlineStatus, View } from '../online/live.js'

// What page and server say to each other over the WebSocket `/live`. The page imports these types and nothing else of the server.

/** Whose pixels a picture has: one module's, or those of all, assembled. */
export type PictureOf = number | 'all'

/** Page: from now on pictures of this view are wanted, and no others. */
export interface ViewMessage extends View {
  readonly type: 'view'
  readonly module: PictureOf
}

/** Page: this picture has been drawn, or passed over as all that came before it. The server sends at most two ahead of these. */
export interface ShownMessage {
  readonly type: 'shown'
  /** {@link PictureHeader.picture} */
  readonly picture: number
}

/** Server: what the service is doing, about twice a second. NaN travels as null. */
export interface StatusMessage {
  readonly type: 'status'
  readonly status: OnlineStatus
}

/** Server: a message that it refuses. */
export interface RefusalMessage {
  readonly type: 'refused'
  readonly message: string
}

/**
 * What stands before the values of a binary message: 4 bytes, little-endian: bytes of the header; the header, JSON, padded by
 * spaces to a multiple of 4; then values of 4 bytes, `[height][width]`, row 0 the lowest y or slow scan.
 */
export interface PictureHeader extends View {
  /** Number of the picture, unique while the server runs. */
  readonly picture: number
  readonly train: number
  readonly module: PictureOf
  readonly height: number
  readonly width: number
  readonly present: readonly boolean[]
}

/** What stands before the table of `/api/geometry`, coded like a picture: i32, 0 a gap, else 1 + index into `[module][slow scan][fast scan]`. */
export interface GeometryHeader {
  readonly height: number
  readonly width: number
  /** `[y, x]` of the beam. */
  readonly centre: readonly [y: number, x: number]
  readonly modules: number
  readonly slowScan: number
  readonly fastScan: number
}
