import { workerData } from 'node:worker_threads'
import type { WorkerData } from '../src/engine/pool.js'
import { createOperations } from '../src/engine/worker-side.js'

const operations = createOperations(workerData as WorkerData)

export const { correctBlock, loadConstants, readPack, writePack, medianOf, contentOf, ready } = operations
export const { darkStatistics, darkJudge, darkWrite, darkPicture, darkDifference } = operations
