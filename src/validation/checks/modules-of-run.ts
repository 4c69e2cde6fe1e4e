import type { FileFacts, FolderContext, ModuleInFile } from './check.js'

export type ModuleFacts = FileFacts['modules'][number] & { readonly file: FileFacts }

/** Module files of each detector and kind (raw or corrected), by module and in file order. */
export function byDetector({ files }: FolderContext): Map<string, ModuleFacts[]> {
  const found = new Map<string, ModuleFacts[]>()
  for (const file of files) {
    for (const module of file.modules) {
      const key = keyOf(module)
      found.set(key, [...(found.get(key) ?? []), { ...module, file }])
    }
  }
  for (const list of found.values()) list.sort((a, b) => a.module - b.module)
  return found
}

function keyOf({ karaboId, corrected }: ModuleInFile): string {
  return `${karaboId} ${corrected ? 'corrected' : 'raw'}`
}
