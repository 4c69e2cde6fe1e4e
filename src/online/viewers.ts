import type { LookedAt } from '../engine/contract/module-arrays.js'
import type { View, ViewPlanes } from './live.js'

interface Viewer {
  readonly view: View
  readonly interval: number
  readonly take: (planes: ViewPlanes) => void | Promise<void>
  last: number
  busy: boolean
}

/** Planes that are made for those who look at a train, one memory for all who look at the same. */
export interface Looking {
  /** What is made of a module's frames. */
  ofModule(module: number): LookedAt[]
  /** Hands the planes over, or nothing if the train was lost. */
  done(train: number, present: readonly boolean[] | undefined): void
}

/** Those who look at trains. Nobody is given another picture before he has done with the last, and nobody waits for him. */
export class Viewers {
  readonly #viewers = new Set<Viewer>()

  /** As `LiveService.watch`. */
  watch(view: View, interval: number, take: Viewer['take']): () => void {
    const viewer: Viewer = { view, interval, take, last: Number.NEGATIVE_INFINITY, busy: false }
    this.#viewers.add(viewer)
    return () => this.#viewers.delete(viewer)
  }

  /** What is looked at of the train that is corrected next, which has so many frames. */
  look(frames: number, modules: number, pixels: number, now = performance.now()): Looking {
    const due = [...this.#viewers].filter(
      ({ view, interval, last, busy }) =>
        !busy && now - last >= interval && (view.frame === 'mean' || view.frame < frames),
    )
    const pictures = new Map<
      string,
      { readonly view: View; readonly buffer: SharedArrayBuffer; readonly viewers: Viewer[] }
    >()
    for (const viewer of due) {
      viewer.last = now
      viewer.busy = true
      const key = `${viewer.view.layer} ${viewer.view.frame}`
      const picture = pictures.get(key) ?? {
        view: viewer.view,
        buffer: new SharedArrayBuffer(4 * modules * pixels),
        viewers: [],
      }
      picture.viewers.push(viewer)
      pictures.set(key, picture)
    }
    for (const { buffer } of pictures.values()) new Float32Array(buffer).fill(Number.NaN)
    return {
      ofModule: module =>
        [...pictures.values()].map(({ view: { layer, frame }, buffer }) => ({
          ...{ layer, buffer, start: module * pixels },
          ...(frame !== 'mean' && { frame }),
        })),
      done: (train, present) => {
        for (const { view, buffer, viewers } of pictures.values()) {
          const planes = { view, train, planes: new Float32Array(buffer), present: present ?? [] }
          for (const viewer of viewers)
            if (present === undefined) viewer.busy = false
            else void hand(viewer, planes)
        }
      },
    }
  }
}

async function hand(viewer: Viewer, planes: ViewPlanes): Promise<void> {
  try {
    await viewer.take(planes)
  } catch {
    // A picture that could not be shown is nobody's loss: there will be another.
  } finally {
    viewer.busy = false
  }
}
