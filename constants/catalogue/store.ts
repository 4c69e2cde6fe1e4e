import {
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { copyFile, realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Content, contentOf } from '../../src/files/content.js'
import { isUnsupported, systemText } from '../../src/files/errors.js'
import { makeFolders } from '../../src/files/folders.js'
import { partOf } from '../../src/files/parts.js'
import { flushed } from '../../src/files/publish.js'
import { ConstantsError, isDetcalError, OutputError } from '../../src/model/errors.js'
import { type ClaimedFile, claimName } from './claims.js'

/** The folder of a PDU's files below a catalogue's root. @throws ConstantsError if `pdu` cannot name a folder. */
export function folderOf(detectorType: string, pdu: string): string {
  if (!/^\w[\w.+-]{0,127}$/.test(pdu))
    throw new ConstantsError(`${JSON.stringify(pdu)} cannot be the name of a physical detector unit`, {
      hint: 'State one of letters, digits and _ . + - with --pdu',
    })
  return join('xfel', 'cal', detectorType, pdu.toLowerCase())
}

/** A file's path relative to the catalogue's root, with forward slashes, if it is in its store; else undefined. */
export async function pathInStore(root: string, path: string): Promise<string | undefined> {
  const store = join(root, 'xfel', 'cal')
  if (!existsSync(store)) return undefined
  const inside = relative(await realpath(store), await realpath(path))
  if (inside === '' || inside.startsWith('..')) return undefined
  return ['xfel', 'cal', ...inside.split(sep)].join('/')
}

/** A complete copy in the store, flushed, still under a temporary name. */
export interface StagedFile {
  readonly content: Content
  /** Its path until it is kept. */
  readonly path: string
  /**
   * Gives it its name: `cal.<epoch>.h5`, or `cal.<epoch>.<n>.h5` if another file has that.
   * @returns the path relative to the root, with forward slashes.
   */
  keep(): string
  /** To be called once the catalogue knows the file that was kept. */
  settle(): void
  /** Removes the file if {@link keep} has not named it, or named it for a transaction that failed. */
  discard(): void
}

/** A file to be put into the store. */
export interface Incoming {
  /** The file it is made from, for messages. */
  readonly file: string
  /** From when its constants are valid. */
  readonly beginAt: Date
  /** Writes the content to a path that does not exist yet. */
  readonly put: (to: string) => Promise<void>
  /** The content, if it is known and flushed already. */
  readonly content?: Content
}

/** Puts a copy of `file`. */
export function copied(file: string): Incoming['put'] {
  return async to => {
    try {
      await copyFile(file, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    } catch (error) {
      if (!isUnsupported(error)) throw error
      // A file system without modes refuses to copy them: the bytes alone are copied then, over any that are there.
      await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), createWriteStream(to))
    }
  }
}

/** Moves `file` itself. */
export function moved(file: string): Incoming['put'] {
  return async to => renameSync(file, to)
}

/**
 * Puts a file into `folder` below `root`. It appears only by {@link StagedFile.keep}.
 * @throws OutputError if the store cannot be written; errors of detcal's own that `put` throws.
 */
export async function stage(
  root: string,
  folder: string,
  { file, beginAt, put, content }: Incoming,
): Promise<StagedFile> {
  const temporary = partOf(join(root, folder, '.import'))
  let kept: { readonly path: string; readonly claim: ClaimedFile } | undefined
  const settle = () => kept?.claim.settle()
  const discard = () => {
    rmSync(temporary, { force: true })
    if (kept !== undefined) rmSync(kept.path, { force: true })
    settle()
  }
  try {
    makeFolders(dirname(temporary))
    await put(temporary)
    if (content) return { content, path: temporary, keep, settle, discard }
    await flushed(temporary)
    // Of the copy, not of the original, which may change at any time.
    return { content: await contentOf(temporary), path: temporary, keep, settle, discard }
  } catch (error) {
    discard()
    throw notStored(error)
  }

  function notStored(error: unknown): unknown {
    if (isDetcalError(error)) return error
    return new OutputError(`it cannot be copied into the catalogue: ${systemText(error as Error)}`, {
      place: { file },
      hint: 'Check free space and permissions of the catalogue',
      cause: error,
    })
  }

  function keep(): string {
    const epoch = EPOCH.exec(basename(file))?.[1] ?? epochText(beginAt)
    for (let n = 0; ; n++) {
      const name = `cal.${epoch}${n === 0 ? '' : `.${n}`}.h5`
      const target = join(root, folder, name)
      let claim: ClaimedFile | undefined
      try {
        claim = claimName(temporary, target)
      } catch (error) {
        throw notStored(error)
      }
      if (claim === undefined) continue
      kept = { path: target, claim }
      return [...folder.split(sep), name].join('/')
    }
  }
}

const EPOCH = /^cal\.(\d{1,11}(?:\.\d+)?)\.h5$/

/**
 * The time in a name `cal.<epoch>.h5`, seconds since 1970 UTC with or without a fraction, of which milliseconds count;
 * undefined in any other.
 */
export function epochOf(path: string): Date | undefined {
  const text = EPOCH.exec(basename(path))?.[1]
  if (text === undefined) return undefined
  // By digits: 1738172761.382 times 1000 is slightly less than the milliseconds it states.
  const [seconds = '', fraction = ''] = text.split('.')
  return new Date(Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)))
}

/** The seconds of {@link epochOf} that are `time`. */
export function epochText(time: Date): string {
  return String(time.getTime() / 1000)
}

/** Whether `path` is a file whose size can be read. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
