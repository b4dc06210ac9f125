// package.json of the published constructs, from the workspace's.
import { isBuiltin } from 'node:module'

type Versions = Readonly<Record<string, string>>

export interface WorkspaceManifest {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly license: string
  readonly keywords?: readonly string[]
  readonly engines?: Versions
  readonly dependencies?: Versions
  readonly peerDependencies?: Versions
}

export interface PublishedManifest extends WorkspaceManifest {
  readonly type: 'commonjs'
  readonly main: string
  readonly types: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly files: readonly string[]
  readonly sideEffects: false
}

/** Those of other people's packages; the workspace's own become part of the bundle. */
export function dependenciesOf({ dependencies = {} }: WorkspaceManifest): Versions {
  return Object.fromEntries(
    Object.entries(dependencies).filter(([, range]) => !range.startsWith('workspace:')),
  )
}

/**
 * Without what only the workspace has, and depending on nothing but what is imported.
 * @param versions that the workspace has pinned
 * @param imported packages that the code or its declarations import
 * @throws when one of them is declared nowhere
 */
export function publishedManifest(
  source: WorkspaceManifest,
  versions: Versions,
  imported: ReadonlySet<string>,
): PublishedManifest {
  const { name, version, description, license, keywords, engines, peerDependencies = {} } = source
  const needed = [...imported].filter((module) => !isBuiltin(module) && !(module in peerDependencies)).sort()
  const undeclared = needed.filter((module) => !(module in versions))
  if (undeclared.length > 0) throw new Error(`${name} imports ${undeclared.join(', ')} without declaring it`)
  return {
    name,
    version,
    ...(description !== undefined && { description }),
    license,
    ...(keywords && { keywords }),
    ...(engines && { engines }),
    type: 'commonjs',
    main: './cjs/index.js',
    types: './cjs/index.d.ts',
    exports: {
      '.': {
        import: { types: './esm/index.d.ts', default: './esm/index.js' },
        require: { types: './cjs/index.d.ts', default: './cjs/index.js' },
      },
      './package.json': './package.json',
    },
    files: ['cjs', 'esm'],
    // Pinned for us; an app may share a later one with its other packages.
    dependencies: Object.fromEntries(needed.map((module) => [module, `^${versions[module]}`])),
    peerDependencies,
    sideEffects: false,
  }
}
