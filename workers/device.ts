import { workerData } from 'node:worker_threads'
import { DeviceDoor } from '../src/device/door.js'
import { deviceOffers } from '../src/device/offers.js'
import type { WorkerData } from '../src/engine/contract/operation.js'
import { TASKS_A_THREAD } from '../src/engine/contract/operation.js'
import { darkOffers } from '../src/engine/dark/worker.js'
import { correctionOffers } from '../src/engine/worker/offers.js'
import { serve } from '../src/engine/worker/thread.js'

// A thread that has a device. It does what every thread does, and all that it has in hand at once: while the device calculates
// one block, the thread reads the next.
const door = new DeviceDoor()
const offers = [...correctionOffers([door.create]), ...darkOffers(), ...deviceOffers(door)]

export default serve(workerData as WorkerData, offers, TASKS_A_THREAD)
