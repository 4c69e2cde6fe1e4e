// Pools that are closed while a thread starts in place of one that died, after another wait each time. In a process of
// its own: what goes wrong here ends the process.

import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { kernelModule } from '../../dist/src/corrections/kernel.js'
import { WorkerPool } from '../../dist/src/engine/threads/pool.js'

const DYING = fileURLToPath(new URL('./dying-worker.cjs', import.meta.url))
const [rounds] = process.argv.slice(2)

for (let round = 0; round < Number(rounds); round++) {
  const pool = await WorkerPool.start(2, kernelModule(), DYING)
  await pool.run('medianOf', {}).catch(error => {
    if (error.name !== 'WorkerDiedError') throw error
  })
  await wait(round % 50)
  await pool.close()
}
console.log('closed')
