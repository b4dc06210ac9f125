import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const tier = (name: string, include: string[], options: Record<string, unknown> = {}) => ({
  test: { name, include, environment: 'node', ...options },
})

/** Of the cluster that a tier starts. Two runs at once need two. */
const stateOf = (name: string) =>
  process.env.CLUSTER_TEST_STATE ?? join(import.meta.dirname, `.cache/cluster/${name}-state`)

/** The tiers of CONTRIBUTING.md, in the order in which `npm test` runs them. */
export default defineConfig({
  test: {
    projects: [
      // Many of these wait: more workers than usual keep the tier short on small machines.
      tier('unit', ['{packages/*,synth}/src/**/*.test.ts', 'scripts/**/*.test.ts'], { maxWorkers: 4 }),
      // Builds and packs the constructs, and installs them from the registry into an app of their own.
      tier('package', ['test/package/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 180_000 }),
      tier('conformance', ['test/conformance/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      tier('plugin', ['test/plugin/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      tier('netns', ['test/netns/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 1 }),
      tier('agent', ['test/agent/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 1 }),
      // Has an API server without a node. The first start builds Kubernetes, helm and istioctl.
      tier('chart', ['test/chart/**/*.test.ts'], {
        testTimeout: 120_000,
        hookTimeout: 1_800_000,
        maxWorkers: 1,
        env: { CLUSTER_STATE: stateOf('chart') },
      }),
      // Builds the image first; the first time on a Debian that it makes.
      tier('image', ['test/image/**/*.test.ts'], {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        maxWorkers: 1,
        globalSetup: ['test/image/global-setup.ts'],
      }),
      // The first start builds Kubernetes. A cluster that somebody has up is another one.
      tier('cluster', ['test/cluster/**/*.test.ts'], {
        testTimeout: 480_000,
        hookTimeout: 1_800_000,
        maxWorkers: 1,
        env: { CLUSTER_STATE: stateOf('test') },
      }),
    ],
  },
})
