/** What the majority of several parts agree on. */
export interface Agreement<Part> {
  /** The first part of those that agree. */
  readonly first: Part
  /** Parts that differ. */
  readonly others: readonly Part[]
}

/**
 * The largest group of parts that are the same (tie: the group whose first part comes first).
 * @param same an equivalence: which parts agree.
 * @returns undefined if there is no part.
 */
export function agreementOf<Part>(
  parts: readonly Part[],
  same: (a: Part, b: Part) => boolean,
): Agreement<Part> | undefined {
  const groups: Part[][] = []
  for (const part of parts) {
    const group = groups.find(([first]) => first !== undefined && same(first, part))
    if (group) group.push(part)
    else groups.push([part])
  }
  const most = groups.reduce((best, group) => (group.length > best.length ? group : best), [] as Part[])
  const [first] = most
  return first && { first, others: groups.filter(group => group !== most).flat() }
}
