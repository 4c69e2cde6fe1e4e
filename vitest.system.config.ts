import { defineConfig } from 'vitest/config'

/** Tests against other programs and against the machine: `.ci/install` brings what they need. They never skip. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts', 'test/system/**/*.test.ts'],
    globalSetup: ['test/system/prerequisites.ts', 'test/build.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
})
