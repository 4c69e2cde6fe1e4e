// Engines that are closed while a thread starts in place of one that died, after another wait each time. In a process of
// its own: what goes wrong here ends the process.

import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findMedian } from '../../dist/src/engine/contract/operations.js'
import { Engine } from '../../dist/src/engine/threads/engine.js'

const DYING = fileURLToPath(new URL('./dying-worker.cjs', import.meta.url))
const [rounds] = process.argv.slice(2)

for (let round = 0; round < Number(rounds); round++) {
  const engine = await Engine.start({ workers: 2, workerEntry: DYING })
  await engine.call(findMedian, {}).catch(error => {
    if (error.name !== 'WorkerDiedError') throw error
  })
  await wait(round % 50)
  await engine.close()
}
console.log('closed')
