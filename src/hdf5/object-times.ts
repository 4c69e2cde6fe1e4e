import { closeSync, openSync, writeSync } from 'node:fs'
import { FileView } from './direct/file-view.js'
import { findObject } from './direct/locate.js'
import { MESSAGE } from './direct/object-header.js'
import { withFile } from './library.js'

/**
 * Enters `time` as the time of change of all datasets of a closed file. The library stamps each with the clock, and
 * cannot be told otherwise: files that must be the same to the byte need this.
 * @throws OutputError if the file cannot be written.
 */
export async function setObjectTimes(file: string, time: Date): Promise<void> {
  const datasets = await withFile(file, 'r', open => {
    const isDataset = (path: string) => {
      const entity = open.get(path)
      return entity !== null && 'resize' in entity
    }
    return open.paths().filter(isDataset)
  })
  const seconds = Buffer.alloc(4)
  seconds.writeUInt32LE(Math.floor(time.getTime() / 1000))
  const fd = openSync(file, 'r+')
  try {
    for (const path of datasets) {
      const { messages } = findObject(new FileView(fd, file, path), path)
      // Behind version and reserved bytes.
      for (const { type, address } of messages)
        if (type === MESSAGE.modified) writeSync(fd, seconds, 0, 4, address + 4)
    }
  } finally {
    closeSync(fd)
  }
}
