import { grouped } from '../../model/grouped.js'
import type { FileFacts, FolderContext } from './check.js'

export type ModuleFacts = FileFacts['modules'][number] & { readonly file: FileFacts }

/** Module files of each detector and kind (raw or corrected), by module and in file order. */
export function byDetector({ files }: FolderContext): ModuleFacts[][] {
  const modules = files.flatMap(file => file.modules.map(module => ({ ...module, file })))
  const kinds = grouped(
    modules,
    ({ karaboId, corrected }) => `${karaboId} ${corrected ? 'corrected' : 'raw'}`,
  )
  return [...kinds.values()].map(list => list.sort((a, b) => a.module - b.module))
}
