import { parentPort, workerData } from 'node:worker_threads'
import { type ReadingTask, readingWork } from '../bench/hdf5/constants-reading.js'
import type { ScalingRequest, ScalingTask } from '../bench/kernels/scaling.js'
import { scalingWork } from '../bench/kernels/scaling-thread.js'

const task = workerData as ReadingTask | ScalingTask
const work = 'ranges' in task ? readingWork(task) : scalingWork(task)
parentPort?.on('message', async ({ passes }: ScalingRequest) => {
  for (let pass = 0; pass < passes; pass++) await work()
  parentPort?.postMessage('done')
})
parentPort?.postMessage('ready')
