import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeTask } from '../../src/jobs/job-files.js'
import { detcal } from '../helpers/command.js'
import { type JobTree, jobTree, RUN_OF_TREE } from '../helpers/job-tree.js'

let tree: JobTree
beforeAll(async () => {
  tree = await jobTree()
})
afterAll(() => tree.remove())

it('a job that has come to its end does nothing when it is started once more', async () => {
  const folder = join(tree.folder, 'jobs', '1')
  await writeTask(folder, {
    ...{
      id: 1,
      run: RUN_OF_TREE,
      root: tree.root,
      detector: '',
      overwrite: false,
      catalogue: tree.catalogue,
    },
    ...{ options: {}, maxJobs: 1, checksums: false, created: new Date().toISOString() },
  })
  expect(detcal('jobs', 'run', folder, 'plan', '--attempt', '1').status).toBe(0)
  const plan = readFileSync(join(folder, 'plan.json'), 'utf8')
  const before = readdirSync(folder)
  // Requeued by hand, or submitted twice.
  for (const attempt of ['1', '2'])
    expect(detcal('jobs', 'run', folder, 'plan', '--attempt', attempt).status).toBe(0)
  expect(readdirSync(folder)).toEqual(before)
  expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toBe(plan)
})
