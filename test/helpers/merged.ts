import { type Dataset, type File, type Group, openLibrary } from '../../src/hdf5/library.js'
import { put } from './exdf.js'

/**
 * Writes a RAW file that holds several modules, as `DataCollection.write()` of EXtra-data makes them of a user's selection.
 * @param one file of a single module, of which each of `modules` gets the data.
 */
export async function manyModules(path: string, one: string, modules: readonly number[]): Promise<string> {
  const library = await openLibrary()
  const many = library.open(path, 'w')
  const file = library.open(one, 'r')
  const ids: string[] = []
  for (const module of modules) {
    const renamed = (name: string) => name.replace(/\/DET\/\d+CH0:/, `/DET/${module}CH0:`)
    for (const at of datasetsIn(file)) {
      const dataset = file.get(`/${at}`) as Dataset
      if (at === SOURCES) ids.push(...(dataset.value as string[]).filter(id => id !== '').map(renamed))
      else if (!at.startsWith('METADATA/dataSources/') && many.get(`/${renamed(at)}`) === null)
        put(many, renamed(at), dataset.value as Parameters<typeof put>[2], { shape: dataset.shape ?? [] })
    }
  }
  put(many, SOURCES, ids)
  file.close()
  many.close()
  return path
}

const SOURCES = 'METADATA/dataSources/dataSourceId'

function datasetsIn(file: File): string[] {
  return file.paths().filter(at => 'shape' in ((file.get(`/${at}`) as Dataset | Group | null) ?? {}))
}
