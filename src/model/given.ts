/** Those of `names`, by default of all options, that have a value: what is optional must be absent, not undefined. */
export function given<T extends object, K extends keyof T>(
  options: T,
  names = Object.keys(options) as unknown as readonly K[],
): { [N in K]?: Exclude<T[N], undefined> } {
  return Object.fromEntries(
    names.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as { [N in K]?: Exclude<T[N], undefined> }
}
