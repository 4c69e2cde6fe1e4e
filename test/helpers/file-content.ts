import { createHash } from 'node:crypto'
import { type Dataset, type File, type Group, withFile } from '../../src/hdf5/library.js'

/** Attributes and datasets that tell when and by what a file was made. */
const MAKING = /detcal_created|detcal_software|METADATA\/(?:creationDate|updateDate)/

/**
 * Everything in a file but the time of its making: of each dataset dtype, shape and the sha256 of its values, of each
 * object its attributes. Two files are equal if these are.
 */
export function fileContent(path: string): Promise<Record<string, unknown>> {
  return withFile(path, 'r', file => {
    const content: Record<string, unknown> = {}
    const walk = (entity: Group | File, at: string): void => {
      for (const [name, { value }] of Object.entries(entity.attrs)) content[`${at}@${name}`] = value
      for (const name of entity.keys()) {
        const child = entity.get(name)
        const where = `${at}/${name}`
        if (child === null) content[where] = null
        else if ('keys' in child) walk(child, where)
        else if ('slice' in child) content[where] = datasetContent(child)
        else content[where] = child
      }
    }
    walk(file, '')
    for (const name of Object.keys(content)) if (MAKING.test(name)) delete content[name]
    return content
  })
}

function datasetContent(dataset: Dataset): unknown {
  const { value, shape, dtype, attrs } = dataset
  const values = ArrayBuffer.isView(value)
    ? createHash('sha256')
        .update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
        .digest('hex')
    : value
  return [dtype, shape, Object.entries(attrs).map(([name, attribute]) => [name, attribute.value]), values]
}
