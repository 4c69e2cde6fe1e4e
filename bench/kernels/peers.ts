import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compile, findPython, PEERS, Peer, peerContender, timesOf } from '../peer.js'
import type { KernelContender } from './detcal.js'
import { PIXELS, type Results, TILE, type Workload } from './workload.js'

/** A program and the kernels in it, the variants of one thing: the fastest of them is the peer. */
interface PeerProgram {
  readonly implementation: string
  readonly note: string
  readonly command: string
  readonly args: readonly string[]
  readonly variants: readonly string[]
}

/** The programs that this machine can run. */
export function peerPrograms(scratch: string): PeerProgram[] {
  const c = compile('agipd.c', scratch, 'agipd')
  const native = compile('agipd.c', scratch, 'agipd-native', '-march=native')
  const python = findPython('numba', 'numpy')
  const script = join(PEERS, 'agipd.py')
  const programs: (PeerProgram | undefined)[] = [
    python && {
      implementation: 'numba',
      note: '',
      command: python,
      args: [script],
      variants: ['numba_frames', 'numba_strips', 'numba_selects'],
    },
    python && {
      implementation: 'numpy',
      note: '',
      command: python,
      args: [script],
      variants: ['numpy_tiles'],
    },
    c && { implementation: 'C', note: 'cc -O3', command: c, args: [], variants: ['plain', 'blocked'] },
    native && {
      implementation: 'C native',
      note: 'cc -O3 -march=native',
      command: native,
      args: [],
      variants: ['plain', 'blocked'],
    },
    native && {
      implementation: 'C streaming',
      note: 'cc -O3 -march=native, stores past the cache',
      command: native,
      args: [],
      variants: ['streaming'],
    },
  ].map(program => program || undefined)
  return programs.filter(program => program !== undefined)
}

/** Starts a peer, hands it the workload in file `shared`, and takes its fastest variant. */
export async function startPeer(
  { implementation, note, command, args, variants }: PeerProgram,
  { cells, trains, pixels }: Workload,
  shared: string,
  scratch: string,
): Promise<KernelContender> {
  const peer = new Peer(command, args, { NUMBA_CACHE_DIR: scratch })
  await peer.ask('load', cells, trains, TILE, PIXELS, shared)
  let best = { variant: '', ns: Number.POSITIVE_INFINITY }
  for (const variant of variants) {
    await peer.ask(variant, 1) // compiles and touches
    for (let i = 0; i < 3; i++) {
      const { ns } = timesOf(await peer.ask(variant, 1), variant)
      if (ns < best.ns) best = { variant, ns }
    }
  }
  const which =
    variants.length > 1 ? `fastest of ${variants.length}: ${best.variant.replace(/^\w+_/, '')}` : ''
  const described = [note, which].filter(Boolean).join(', ')
  return {
    ...peerContender(peer, [best.variant], implementation, described || undefined),
    results: async () => {
      await peer.ask(best.variant, 1)
      const path = join(scratch, `${implementation}.results`)
      await peer.ask('dump', path)
      const bytes = readFileSync(path)
      rmSync(path)
      return {
        data: new Float32Array(bytes.buffer, bytes.byteOffset, pixels),
        gain: new Uint8Array(bytes.buffer, bytes.byteOffset + 4 * pixels, pixels),
        mask: new Uint32Array(bytes.buffer, bytes.byteOffset + 5 * pixels, pixels),
      }
    },
    close: () => peer.close(),
  }
}

/** One hash of all results, bit for bit. */
export function digest({ data, gain, mask }: Results): string {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of [data, gain, mask])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}
