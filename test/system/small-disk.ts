import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own, of which any number of bytes can be free. */
export class SmallDisk {
  /** Where it is mounted. Its files and folders are the test's, but for `filler`. */
  readonly path: string

  constructor(bytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'detcal-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', this.path])
  }

  /** A folder that nobody has used yet. */
  folder(name: string): string {
    const path = join(this.path, name)
    mkdirSync(path)
    return path
  }

  /** Fills it until `bytes` are free, in pages of 4 KiB. */
  leave(bytes: number): void {
    rmSync(join(this.path, 'filler'), { force: true })
    const surplus = this.#free() - bytes
    if (surplus < 0) throw new Error(`the disk has no ${bytes} bytes free, it lacks ${-surplus}`)
    if (surplus > 0) execFileSync('fallocate', ['-l', String(surplus), join(this.path, 'filler')])
  }

  unmount(): void {
    // SQLite lets go of a file that it could not write only when all of its statements are collected.
    execFileSync('umount', ['--lazy', this.path])
    rmSync(this.path, { recursive: true })
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }
}
