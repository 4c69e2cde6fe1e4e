import { workerData } from 'node:worker_threads'
import type { WorkerData } from '../src/engine/contract/operation.js'
import { darkOffers } from '../src/engine/dark/worker.js'
import { correctionOffers } from '../src/engine/worker/offers.js'
import { serve } from '../src/engine/worker/thread.js'

export default serve(workerData as WorkerData, [...correctionOffers(), ...darkOffers()])
