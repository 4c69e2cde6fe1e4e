/** Elements of an array whose axes have these lengths. */
export function productOf(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1)
}
