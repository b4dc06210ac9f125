import type { Logger } from 'pino'
import { ManifestDirectory } from './manifest-directory.ts'
import { namespaceLabels, namespaceName } from './namespace-cache.ts'
import type { NamespaceLabels, NamespaceSource } from './namespace-source.ts'

/** Namespaces from the manifests of `kind: Namespace` in the directory that has the pods'. */
export class DirectoryNamespaces implements NamespaceSource {
  readonly #directory: ManifestDirectory<NamespaceLabels>

  /** @param log not told of files that cannot be read: whoever reads the pods tells of them */
  constructor(directory: string, log: Logger) {
    this.#directory = new ManifestDirectory(
      directory,
      (manifest) =>
        manifest.kind === 'Namespace' ? [namespaceName(manifest), namespaceLabels(manifest)] : undefined,
      log.child({}, { level: 'error' }),
    )
  }

  start(): Promise<void> {
    return this.#directory.start()
  }

  unreadyReasons(): readonly string[] {
    return this.#directory.unreadyReasons()
  }

  /** A namespace without a manifest has no labels: one without any needs none. */
  async labelsOf(name: string): Promise<NamespaceLabels> {
    return (await this.#directory.find(name)) ?? {}
  }

  onChange(listener: (name: string | undefined) => void): void {
    this.#directory.onChange(() => listener(undefined))
  }

  async close(): Promise<void> {
    this.#directory.close()
  }
}
