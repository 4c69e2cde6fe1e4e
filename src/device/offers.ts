import { closeDevice, openDevice } from '../engine/contract/device.js'
import { type Offer, offer } from '../engine/worker/thread.js'
import type { DeviceDoor } from './door.js'

/** What the thread of a device offers besides what all threads do. */
export function deviceOffers(door: DeviceDoor): Offer[] {
  return [offer(openDevice, () => door.report()), offer(closeDevice, () => door.close())]
}
