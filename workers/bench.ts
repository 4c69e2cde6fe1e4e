import { parentPort, workerData } from 'node:worker_threads'
import type { ScalingRequest, ScalingTask } from '../bench/kernels/scaling.js'
import { scalingWork } from '../bench/kernels/scaling-thread.js'

const work = scalingWork(workerData as ScalingTask)
parentPort?.on('message', ({ passes }: ScalingRequest) => {
  for (let pass = 0; pass < passes; pass++) work()
  parentPort?.postMessage('done')
})
parentPort?.postMessage('ready')
