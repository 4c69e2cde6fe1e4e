import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** The build that made the files; `make_earlier.sh` says how. */
export const EARLIER_BUILD = 'detcal 0.1.0+75da394ec33eb6cf'

/** Unpacks the result of an earlier build into `folder`. @returns its metadata file. */
export function unpackEarlier(folder: string): string {
  for (const name of readdirSync(import.meta.dirname))
    if (name.endsWith('.gz'))
      writeFileSync(
        join(folder, name.slice(0, -'.gz'.length)),
        gunzipSync(readFileSync(join(import.meta.dirname, name))),
      )
  const metadata = 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'
  writeFileSync(join(folder, metadata), readFileSync(join(import.meta.dirname, metadata)))
  return join(folder, metadata)
}
