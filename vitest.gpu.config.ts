import { defineConfig } from 'vitest/config'

/** The tests of devices alone: on a machine that has no more than Node and a GPU they are run on that, by `npm run check:gpu`. */
export default defineConfig({
  test: {
    include: ['test/system/device/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
})
