/** Datasets that say when a file was made, and by which versions of what took its data. */
const MAKING_DATA: ReadonlySet<string> = new Set(
  ['creationDate', 'updateDate', 'daqLibrary', 'karaboFramework'].map(name => `METADATA/${name}`),
)

/** Attributes of the file that say when, and by which version. */
const MAKING: ReadonlySet<string> = new Set(['detcal_created', 'detcal_software'])

/** Whether a dataset says how a file was made, not what is in it. */
export function tellsMaking(dataset: string): boolean {
  return MAKING_DATA.has(dataset)
}

/**
 * What of an attribute of an object is compared, as text; nothing of one that says how a file was made, whether it is there or
 * not. Constants are the same by dataset and checksum, wherever their file lies now.
 * @param text what is stored; undefined: there is no such attribute.
 */
export function comparedText(object: string, name: string, text: string | undefined): string {
  if (object === '' && MAKING.has(name)) return ''
  if (text === undefined) return 'missing'
  return object === '' && name === 'detcal_constants' ? withoutFiles(text) : text
}

function withoutFiles(text: string): string {
  try {
    const [type, shape, value] = JSON.parse(text) as [unknown, unknown, string]
    const constants = JSON.parse(value) as Record<string, { readonly file: unknown }>
    const rest = Object.entries(constants).map(([name, { file: _, ...constant }]) => [name, constant])
    return JSON.stringify([type, shape, rest])
  } catch {
    return text
  }
}
