/** What the majority of several parts agree on. */
export interface Agreement<Part> {
  /** The first part of those that agree. */
  readonly first: Part
  /** Parts that differ from it. */
  readonly others: readonly Part[]
}

/**
 * The largest group of parts that are the same (tie: the group whose first part comes first).
 * @param same which parts agree: among those that vote, an equivalence.
 * @param doubtful a part that has no vote while there is one that is not doubtful; it agrees with whom `same` says.
 * @returns undefined if there is no part.
 */
export function agreementOf<Part>(
  parts: readonly Part[],
  same: (a: Part, b: Part) => boolean,
  doubtful: (part: Part) => boolean = () => false,
): Agreement<Part> | undefined {
  const sound = parts.filter(part => !doubtful(part))
  const groups: Part[][] = []
  for (const part of sound.length > 0 ? sound : parts) {
    const group = groups.find(([first]) => first !== undefined && same(first, part))
    if (group) group.push(part)
    else groups.push([part])
  }
  const most = groups.reduce((best, group) => (group.length > best.length ? group : best), [] as Part[])
  const [first] = most
  return first && { first, others: parts.filter(part => part !== first && !same(first, part)) }
}
