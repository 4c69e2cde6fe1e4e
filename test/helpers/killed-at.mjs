// Loaded before the command (`NODE_OPTIONS=--import`): ends its process, as kill -9 would, before or after the n-th thing that
// it makes durable, in the files or in the queue. Of one process alone: the first to come there leaves the mark. With DETCAL_HELD
// it is not killed, but stands still until somebody ends it. `file3` is the moment before the third HDF5 file appears.
import fs, { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const { DETCAL_KILL = '', DETCAL_KILL_MARK = '', DETCAL_KILL_COUNTS, DETCAL_HELD } = process.env
const [, , command, action] = process.argv
const job = process.argv.find(word => /^(plan|correct-\d+|summary)$/.test(word))
const role = command === 'jobs' ? (action === 'run' ? job : action) : undefined

if (role !== undefined && isMainThread) {
  const [wanted, at] = DETCAL_KILL.split(':')
  let count = 0
  let files = 0
  const moment = (isFile = false) => {
    count++
    if (isFile) files++
    const isNow = count === Number(at) || (isFile && at === `file${files}`)
    if (wanted !== role || !isNow || existsSync(DETCAL_KILL_MARK)) return
    writeFileSync(DETCAL_KILL_MARK, `${role}:${count}`)
    if (DETCAL_HELD !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    process.kill(process.pid, 'SIGKILL')
  }
  const around = (object, method) => {
    const original = object[method]
    object[method] = function (...args) {
      moment(method === 'renameSync' && args[1].endsWith('.h5'))
      const result = original.apply(this, args)
      moment()
      return result
    }
  }
  for (const method of [
    'renameSync',
    'linkSync',
    'fsyncSync',
    'fsync',
    'openSync',
    'writeSync',
    'rmSync',
    'unlinkSync',
    'mkdirSync',
  ])
    around(fs, method)
  const Database = createRequire(process.argv[1])('libsql')
  const exec = Database.prototype.exec
  Database.prototype.exec = function (sql) {
    // Of the queue: each transaction begins and ends.
    if (!/^(BEGIN IMMEDIATE|COMMIT)$/.test(sql)) return exec.call(this, sql)
    moment()
    const result = exec.call(this, sql)
    moment()
    return result
  }
  syncBuiltinESMExports()
  if (DETCAL_KILL_COUNTS !== undefined)
    process.on('exit', () => appendFileSync(DETCAL_KILL_COUNTS, `${role} ${count}\n`))
}
