/** Frames of one cell, at most as many as a slot holds: indices into the block. */
interface Tile {
  /** Position among the lane's resident cells. */
  readonly cell: number
  readonly members: readonly number[]
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
