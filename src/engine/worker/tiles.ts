/** Frames of one cell, at most as many as a slot holds: indices into the block. */
interface Tile {
  /** Position among the lane's resident cells. */
  readonly cell: number
  /** Of each frame, where they are of any cells. */
  readonly cells?: readonly number[]
  readonly members: readonly number[]
}

/** Cuts a block into tiles of any cells, for a corrector that mixes: as few calls as the slot allows. */
export function mixedTilesOf(cells: Uint16Array, most: number): Tile[] {
  const tiles: Tile[] = []
  for (let from = 0; from < cells.length; from += most) {
    const own = [...cells.subarray(from, from + most)]
    tiles.push({ cell: own[0] ?? 0, cells: own, members: own.map((_, i) => from + i) })
  }
  return tiles
}

/** Groups a block's frames by cell, in order of first appearance, and cuts the groups into tiles of at most `most` frames. */
export function tilesOf(cells: Uint16Array, most: number): Tile[] {
  const byCell = new Map<number, number[]>()
  cells.forEach((cell, index) => {
    const members = byCell.get(cell)
    if (members) members.push(index)
    else byCell.set(cell, [index])
  })
  const tiles: Tile[] = []
  for (const [cell, members] of byCell)
    for (let at = 0; at < members.length; at += most)
      tiles.push({ cell, members: members.slice(at, at + most) })
  return tiles
}
