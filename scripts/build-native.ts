// dist/istio-cni: the plugin's TypeScript and the operator's, bundled, compiled to bytecode and embedded in its Rust host;
// dist/install-cni: the launcher of the agent.
//   node scripts/build-native.ts                        build what changed
//   node scripts/build-native.ts --check-reproducible   build twice, elsewhere, and compare
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { launcherConstants } from './launcher-constants.ts'
import { cacheDirectory, distDirectory, print, root, version } from './tools.ts'

const run = promisify(execFile)

const TARGETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-unknown-linux-gnu',
  arm64: 'aarch64-unknown-linux-gnu',
}
/** Rust's name of what we build for; another than this machine's needs its standard library and linker. */
const target = process.env.CARGO_BUILD_TARGET ?? TARGETS[process.arch] ?? TARGETS.x64
const cargo = process.env.CARGO ?? 'cargo'

/** Sources in `sources`, all that the build makes in `output`: both may be moved elsewhere. */
interface Place {
  readonly sources: string
  readonly output: string
}

const here: Place = { sources: root, output: join(cacheDirectory, 'plugin') }

const binaries = ['istio-cni', 'install-cni'] as const
const plugin = join(distDirectory, 'istio-cni')
const launcher = join(distDirectory, 'install-cni')

/**
 * Builds the programs unless nothing changed since the last time: sources, lock file, flags, compiler.
 * @returns the paths of the binaries
 */
export async function buildNative(): Promise<{ readonly plugin: string; readonly launcher: string }> {
  const stampFile = join(here.output, 'stamp')
  const inputs = await digestOfInputs(await prepare(here.sources))
  const known = await readFile(stampFile, 'utf8').catch(() => '')
  if (known === stampOf(inputs, await digestOf(plugin), await digestOf(launcher))) return { plugin, launcher }

  await mkdir(distDirectory, { recursive: true })
  const directory = await compile(here)
  for (const name of binaries) {
    const unfinished = join(distDirectory, `.${name}.${process.pid}`)
    await cp(join(directory, name), unfinished)
    await rename(unfinished, join(distDirectory, name))
  }
  await writeFile(stampFile, stampOf(inputs, await digestOf(plugin), await digestOf(launcher)))
  return { plugin, launcher }
}

/** Builds them. @returns the path of the plugin */
export async function buildPlugin(): Promise<string> {
  return (await buildNative()).plugin
}

/** Builds copies of the sources in two directories; gives both digests. */
async function buildTwice(): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'istio-cni-build-'))
  try {
    const digests: string[] = []
    for (const name of ['one', 'another-directory']) {
      const place = { sources: join(scratch, name), output: join(scratch, name, 'output') }
      for (const room of ['config-schema', 'runtime/src', 'runtime/native']) {
        await cp(join(root, 'packages', room), join(place.sources, 'packages', room), {
          recursive: true,
          filter: (path) => !/node_modules|\/native\/(target|dist)(\/|$)/.test(path),
        })
      }
      await prepare(place.sources)
      const directory = await compile(place)
      const each = await Promise.all(binaries.map((name) => digestOf(join(directory, name))))
      digests.push(each.join(' '))
    }
    return digests
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The plugin, and what the same program does for an operator. */
const programs = ['plugin', 'operator'] as const

/**
 * Puts what is generated where build.rs and the launcher read it: one ES module for QuickJS per program, and constants.
 * @returns all of it
 */
async function prepare(sources: string): Promise<string> {
  const texts: string[] = []
  for (const program of programs) texts.push(await bundleOf(sources, program))
  texts.push(launcherConstants())
  await putGenerated(sources, 'launcher.rs', launcherConstants())
  return texts.join('\0')
}

async function bundleOf(sources: string, program: (typeof programs)[number]): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(sources, `packages/runtime/src/${program}/main.ts`)],
    alias: { '@istio-install-cni/config-schema': join(sources, 'packages/config-schema/src/index.ts') },
    bundle: true,
    // Imported by parts of config-schema that the plugin does not use, and left out with them.
    external: ['node:*', 'valibot', '@valibot/to-json-schema', 'yaml'],
    platform: 'neutral',
    format: 'esm',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    define: { BUILD_VERSION: JSON.stringify(await version()) },
    write: false,
    metafile: true,
  })
  const imports = Object.values(metafile.outputs).flatMap((file) => file.imports.map(({ path }) => path))
  if (imports.length > 0)
    throw new Error(`the bundle of ${program} needs ${imports.join(', ')}, which QuickJS does not have`)
  const text = outputFiles[0]?.text ?? ''
  await putGenerated(sources, `${program}.js`, text)
  return text
}

async function putGenerated(sources: string, name: string, text: string): Promise<void> {
  const file = join(native(sources), 'dist', name)
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return
  await mkdir(join(native(sources), 'dist'), { recursive: true })
  await writeFile(file, text)
}

/** Compiles the programs around what is generated; gives their directory. */
async function compile({ sources, output }: Place): Promise<string> {
  const targetDirectory = join(output, 'target')
  await mkdir(targetDirectory, { recursive: true })
  const crate = native(sources)
  const flags = compilerFlags()
  const paths = [
    [crate, '/istio-cni'],
    [targetDirectory, '/target'],
    [process.env.CARGO_HOME ?? join(homedir(), '.cargo'), '/cargo'],
  ]
  const remapped = paths.map(([from, to]) => `--remap-path-prefix=${from}=${to}`)
  const mapped = paths.map(([from, to]) => `-ffile-prefix-map=${from}=${to}`)
  const bins = binaries.flatMap((name) => ['--bin', name])
  const args = ['build', '--release', '--locked', ...bins, '--target', `${target}`]
  try {
    await run(cargo, args, {
      cwd: crate,
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        CARGO_TARGET_DIR: targetDirectory,
        CARGO_ENCODED_RUSTFLAGS: [...flags, ...remapped].join('\x1f'),
        [`CFLAGS_${target?.replaceAll('-', '_')}`]: [...C_FLAGS, ...mapped].join(' '),
      },
    })
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? `\n${String(cause.stderr)}` : ''
    throw new Error(`${cargo} ${args.join(' ')} failed in ${crate}${output}`, { cause })
  }
  return join(targetDirectory, `${target}`, 'release')
}

/**
 * Static, so that it runs on any node; without a build id, which would be one more thing to reproduce. Small:
 * a panic aborts, so nothing is ever unwound, and relocations are packed.
 */
function compilerFlags(): string[] {
  return [
    '-Ctarget-feature=+crt-static',
    '-Clink-arg=-Wl,--build-id=none',
    '-Clink-arg=-Wl,-z,pack-relative-relocs',
    '-Cforce-unwind-tables=no',
  ]
}

const C_FLAGS = ['-fno-unwind-tables', '-fno-asynchronous-unwind-tables']

async function digestOfInputs(bundled: string): Promise<string> {
  const crate = native(here.sources)
  const hash = createHash('sha256').update(bundled)
  const entries = await readdir(join(crate, 'src'), { recursive: true, withFileTypes: true })
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of [
    ...sources.sort(),
    ...['Cargo.toml', 'Cargo.lock', 'build.rs'].map((name) => join(crate, name)),
  ]) {
    hash.update(`\0${file}\0`).update(await readFile(file))
  }
  const compiler = await run(cargo, ['--version', '--verbose'], { cwd: crate }).catch((cause: unknown) => {
    throw new Error(`cannot execute ${cargo}: install Rust 1.85 or later, or set CARGO`, { cause })
  })
  return hash
    .update(`${target}\0${[...compilerFlags(), ...C_FLAGS].join('\0')}\0${compiler.stdout}`)
    .digest('hex')
}

async function digestOf(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined)
  return bytes && createHash('sha256').update(bytes).digest('hex')
}

function stampOf(...digests: readonly (string | undefined)[]): string {
  return `${digests.join(' ')}\n`
}

function native(sources: string): string {
  return join(sources, 'packages/runtime/native')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv.includes('--check-reproducible')) {
    const [first, second] = await buildTwice()
    print(`${first}\n${second}\n${first === second ? 'the same bytes' : 'NOT REPRODUCIBLE'}`)
    process.exitCode = first === second ? 0 : 1
  } else print(Object.values(await buildNative()).join('\n'))
}
