// A worker thread with an asynchronous corrector before the kernels. It does its work by the kernels too, behind a turn of
// the event loop, and is lost for good after DETCAL_TEST_TILES tiles.
import { setImmediate as turn } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { CorrectorLostError } from '../../dist/src/engine/contract/corrector.js'
import { kernelCorrector } from '../../dist/src/engine/worker/kernel-corrector.js'
import { correctionOffers } from '../../dist/src/engine/worker/offers.js'
import { serve } from '../../dist/src/engine/worker/thread.js'

let left = Number(process.env.DETCAL_TEST_TILES)

const device = (module, slot, kernels) => {
  const kernel = kernelCorrector(module, slot, kernels)
  return {
    name: 'test device',
    lists: false,
    async correct(tile, form) {
      await turn()
      if (left-- <= 0) {
        // What a device that is lost may leave behind.
        for (const position of tile.positions) slot.data(position).fill(255)
        throw new CorrectorLostError('device lost')
      }
      await kernel.correct(tile, form)
    },
  }
}

export default serve(workerData, correctionOffers([device]))
