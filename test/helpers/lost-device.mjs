// The thread of a device that is lost for good while its call number DETCAL_TEST_CALLS, from 0 on, is under way.
import { workerData } from 'node:worker_threads'
import { Device } from '../../dist/src/device/device.js'
import { DeviceDoor } from '../../dist/src/device/door.js'
import { deviceOffers } from '../../dist/src/device/offers.js'
import { correctionOffers } from '../../dist/src/engine/worker/offers.js'
import { serve } from '../../dist/src/engine/worker/thread.js'

let device
const open = Device.open
Device.open = async most => {
  device = await open.call(Device, most)
  return device
}

let left = Number(process.env.DETCAL_TEST_CALLS)
const door = new DeviceDoor()
const create = (...args) => {
  const corrector = door.create(...args)
  return {
    ...corrector,
    correct: tile => {
      const done = corrector.correct(tile)
      if (left-- === 0) setTimeout(() => device.gpu.destroy(), 2)
      return done
    },
  }
}

export default serve(workerData, [...correctionOffers([create]), ...deviceOffers(door)], 2)
