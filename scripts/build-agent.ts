// dist/install-cni.mjs and dist/netns-worker.mjs: the agent, bundled, with koffi's native part beside it.
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { distDirectory, root, version } from './tools.ts'

const runtime = join(root, 'packages/runtime')
const koffiDirectory = dirname(createRequire(join(runtime, 'package.json')).resolve('koffi'))

/**
 * CommonJS packages want `require`; koffi finds its native part through `resourcesPath`, as in an Electron app.
 * The globals are set before any module of the bundle runs.
 */
const banner = [
  `import { createRequire as createRequireForBundle } from 'node:module'`,
  `const require = createRequireForBundle(import.meta.url)`,
  `process.resourcesPath ??= import.meta.dirname`,
].join('\n')

/**
 * Node's own modules without `import`, which asks each of them for all that it exports: `node:http` then loads a
 * client, HTTP/2 and streams that nobody uses, 12 MiB.
 */
const builtinsAsTheyAre: Plugin = {
  name: 'builtins-as-they-are',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

/** Bundles the agent and its worker for the pinned Node. */
export async function buildAgent(): Promise<void> {
  await build({
    entryPoints: {
      'install-cni': join(runtime, 'src/agent.ts'),
      'netns-worker': join(runtime, 'src/netns/worker.ts'),
    },
    outdir: distDirectory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    banner: { js: banner },
    plugins: [builtinsAsTheyAre],
    alias: { koffi: join(koffiDirectory, 'indirect.js') },
    define: { BUILD_VERSION: JSON.stringify(await version()), BUILD_COMMIT: JSON.stringify(commit()) },
    logLevel: 'warning',
  })
  await copyKoffi()
}

function commit(): string {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: [...stdio],
    }).trim()
  } catch {
    return 'unknown'
  }
}

async function copyKoffi(): Promise<void> {
  const triplet = `linux_${process.arch}`
  const native = join(koffiDirectory, '../@koromix', `koffi-linux-${process.arch}`, triplet, 'koffi.node')
  const target = join(distDirectory, 'koffi', triplet)
  await mkdir(target, { recursive: true })
  // A running agent has the old file mapped: it must stay whole until the agent ends.
  const unfinished = join(target, `.koffi.${process.pid}`)
  await copyFile(native, unfinished)
  await rename(unfinished, join(target, 'koffi.node'))
}
