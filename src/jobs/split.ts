/**
 * Sequence numbers in at most `parts` lists, each once and in order, as even as can be and the longer ones first: numpy's
 * `array_split`, by which the facility splits a run.
 */
export function splitSequences(sequences: readonly number[], parts: number): number[][] {
  const sorted = [...new Set(sequences)].sort((a, b) => a - b)
  const count = Math.min(parts, sorted.length)
  const [each, longer] = [Math.floor(sorted.length / count), sorted.length % count]
  let from = 0
  return Array.from({ length: count }, (_, part) => {
    const length = each + (part < longer ? 1 : 0)
    from += length
    return sorted.slice(from - length, from)
  })
}
