import { DataError, isDetcalError, OutputError } from '../model/errors.js'
import { finalOf } from './parts.js'

/** Codes that mean "this file system does not have that", rather than that data may be lost. */
const UNSUPPORTED = /^(EINVAL|EBADF|EPERM|EACCES|EISDIR|ENOSYS|ENOTSUP|EOPNOTSUPP|ENOTTY)$/

/** Whether `error` means that the file system does not know what it was asked for. */
export function isUnsupported(error: unknown): boolean {
  return UNSUPPORTED.test((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/** Whether a call to the operating system failed; any other error is a mistake of the program. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

/** A RAW file was there when its run was listed, and is no more when it is opened. */
export function goneError(path: string, cause: unknown): DataError {
  return new DataError('is gone: it was there when the run was looked at', {
    place: { file: path },
    hint: 'Let nothing move or remove the run, then try again',
    cause,
  })
}

const CHECK = 'Check free space and permissions of its folder'
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space or choose another folder',
  EDQUOT: 'Free quota or choose another folder',
  ENOENT: 'Choose a folder that is there or can be made',
  EACCES: 'Choose a folder you may write to',
  EPERM: 'Choose a folder you may write to',
  ENAMETOOLONG: 'Choose a shorter name: while it is written it has 31 letters more',
  EBUSY: 'Close the program that has it open, and try again',
  ETXTBSY: 'Close the program that has it open, and try again',
  EROFS: 'Choose a folder on a writable file system',
  ENOTDIR: 'Choose a folder, not a file',
  EEXIST: 'Choose a folder, not a file',
}

/** A failed write to `file` as one line that names it; an OutputError of a part names the part's file; others unchanged. */
export function asOutputError(error: unknown, file: string): unknown {
  if (isDetcalError(error, 'output')) {
    const { message, place, hint = CHECK } = error
    const final = finalOf(place.file ?? '')
    if (final === (place.file ?? '')) return error
    return new OutputError(message, { place: { ...place, file: final }, hint, cause: error })
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error
  return new OutputError(systemText(error as Error), {
    place: { file },
    hint: HINTS[code] ?? CHECK,
    cause: error,
  })
}

/** What the system says of a failure: `no space left on device` of `ENOSPC: no space left on device, write`. */
export function systemText({ message }: Error): string {
  return message.replace(/^E[A-Z0-9]+: |,.*$/gs, '')
}

/** What `action` returns, which writes to `file`. @throws OutputError naming `file` where the system refuses. */
export function writing<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw asOutputError(error, file)
  }
}
