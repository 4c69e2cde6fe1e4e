// A worker thread that dies instead of correcting a block of module DETCAL_TEST_MODULE: the first time only
// (DETCAL_TEST_MARK names a file that remembers), or every time where there is no mark.
const { openSync } = require('node:fs')
const engine = require('../../dist/workers/engine.cjs')

const { DETCAL_TEST_MODULE: module_, DETCAL_TEST_MARK: mark } = process.env

function mayDie() {
  if (mark === undefined) return true
  try {
    openSync(mark, 'wx')
    return true
  } catch {
    return false
  }
}

module.exports = posted => {
  const { operation, task } = posted
  if (operation === 'findMedian') process.exit(3)
  // Amid its work: the input is asked for when the block's slot is its own.
  if (operation === 'correctBlock' && task.module === Number(module_) && mayDie()) {
    // Of a stream: when some of its results are to be written.
    const stream = task.output.kind === 'arrays'
    Object.defineProperty(stream ? task.output : task.input, stream ? 'targets' : 'rows', {
      get: () => process.exit(3),
    })
  }
  return engine(posted)
}
