import type { LiveService, View, ViewPlanes } from '../online/live.js'
import { encode } from './messages.js'
import { assembledOf, type PicturePlace } from './place.js'
import type { PictureOf } from './protocol.js'

/** Pictures of one view for whoever looks at it. A picture is made when the first of them can take it, once for all. */
export interface Feed {
  /** Number of the newest picture; 0: none yet. */
  newest(): number
  /** The newest picture as a binary message; undefined: there is none, or no such module. */
  message(module: PictureOf): Buffer | undefined
  /** Calls `look` whenever there is a newer picture. @returns ends it; the feed itself ends with the last. */
  follow(look: () => void): () => void
}

/** @returns the feed of a view: the same one for all that look at it at a time. */
export function openFeeds(
  service: LiveService,
  place: () => PicturePlace | undefined,
  interval: number,
): (view: View) => Feed {
  const feeds = new Map<string, Feed>()
  let pictures = 0
  return view => {
    const key = `${view.layer} ${view.frame}`
    const known = feeds.get(key)
    if (known !== undefined) return known
    const feed = openFeed(service, view, place, interval, {
      number: () => ++pictures,
      end: () => feeds.delete(key),
    })
    feeds.set(key, feed)
    return feed
  }
}

function openFeed(
  service: LiveService,
  view: View,
  place: () => PicturePlace | undefined,
  interval: number,
  feeds: { readonly number: () => number; readonly end: () => void },
): Feed {
  const followers = new Set<() => void>()
  const made = new Map<PictureOf, Buffer>()
  let latest: Omit<ViewPlanes, 'view'> | undefined
  let picture = 0
  let stop: (() => void) | undefined

  // Planes are the service's again when this returns, and a picture may be made later: a copy is cheaper than a picture.
  const take = ({ train, planes, present }: ViewPlanes): void => {
    const own = latest?.planes.length === planes.length ? latest.planes : new Float32Array(planes.length)
    own.set(planes)
    latest = { train, planes: own, present: [...present] }
    made.clear()
    picture = feeds.number()
    for (const look of followers) look()
  }

  const make = (module: PictureOf): Buffer | undefined => {
    if (latest === undefined) return undefined
    const { train, planes, present } = latest
    const where = place()
    const drawn = module === 'all' ? assembled(where, planes) : moduleOf(service, where, planes, module)
    if (drawn === undefined) return undefined
    const { height, width, values } = drawn
    const { layer, frame } = view
    return encode({ picture, train, layer, frame, module, height, width, present }, values)
  }

  return {
    newest: () => picture,
    message: module => {
      const known = made.get(module)
      if (known !== undefined) return known
      const message = make(module)
      if (message !== undefined) made.set(module, message)
      return message
    },
    follow: look => {
      stop ??= service.watch(view, interval, take)
      const own = (): void => look()
      followers.add(own)
      return () => {
        followers.delete(own)
        if (followers.size > 0) return
        stop?.()
        stop = undefined
        feeds.end()
      }
    },
  }
}

interface Drawn {
  readonly height: number
  readonly width: number
  readonly values: Float32Array
}

function assembled(place: PicturePlace | undefined, planes: Float32Array): Drawn | undefined {
  if (place === undefined || planes.length !== place.modules * place.slowScan * place.fastScan)
    return undefined
  return { height: place.height, width: place.width, values: assembledOf(place, planes) }
}

function moduleOf(
  service: LiveService,
  place: PicturePlace | undefined,
  planes: Float32Array,
  module: number,
): Drawn | undefined {
  const size = place ?? service.status().detector
  if (size === undefined) return undefined
  const pixels = size.slowScan * size.fastScan
  const values = planes.subarray(module * pixels, (module + 1) * pixels)
  return values.length === pixels ? { height: size.slowScan, width: size.fastScan, values } : undefined
}
