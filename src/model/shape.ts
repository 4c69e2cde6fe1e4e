import * as v from 'valibot'

type Schema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>

/**
 * `value` as `schema` describes it: for what files and other programs say.
 * @param refuse makes the error of the first thing that is wrong: `results.3.nsPerPixel: expected number but received "x"`.
 * @throws what `refuse` made.
 */
export function shaped<S extends Schema>(
  schema: S,
  value: unknown,
  refuse: (message: string) => Error,
): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, value)
  if (success) return output
  const [issue] = issues
  const path = v.getDotPath(issue)
  // Its own messages begin so; ours do not.
  const message = issue.message.replace(/^Invalid \w+: E/, 'e')
  throw refuse(path === null ? message : `${path}: ${message}`)
}

/** A table of anything: an object that is no list. */
export const TABLE = v.pipe(v.unknown(), v.guard(isTable, 'it is not a table'))

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
