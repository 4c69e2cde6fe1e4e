/** Control devices measure: numbers closer than this, relatively, are one value. */
const JITTER = 1e-5

/** Whether two numbers of control data are one value but for jitter. */
export function sameValue(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) < JITTER * Math.max(Math.abs(a), Math.abs(b))
}
