// package.json of the published constructs, from the workspace's.

export interface WorkspaceManifest {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly license: string
  readonly keywords?: readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

export interface PublishedManifest extends WorkspaceManifest {
  readonly type: 'commonjs'
  readonly main: string
  readonly types: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly files: readonly string[]
  readonly sideEffects: false
}

/** Without what only the workspace has: its own packages are part of the bundle, its entry point is source text. */
export function publishedManifest(source: WorkspaceManifest): PublishedManifest {
  const { name, version, description, license, keywords, engines, dependencies, peerDependencies } = source
  const ranges = Object.entries(dependencies)
    .filter(([, range]) => !range.startsWith('workspace:'))
    // Pinned for us; an app may share a later one with its other packages.
    .map(([dependency, pinned]) => [dependency, `^${pinned}`])
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
    dependencies: Object.fromEntries(ranges),
    peerDependencies,
    sideEffects: false,
  }
}
