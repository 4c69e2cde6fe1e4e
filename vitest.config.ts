import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need more than Node (vitest.system.config.ts).
    exclude: ['test/interop/**', 'test/system/**', '**/node_modules/**'],
    // Worker threads and the command run from dist/, which vitest does not transform: build first.
    globalSetup: ['test/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
