/** The node as the operator's commands see it; provided by native/src/bin/istio-cni/operator.rs. */
export interface Node {
  /** The command line, without the program's name. */
  arguments(): string[]
  /** Names in a directory; none if it is not there. */
  list(directory: string): { readonly names: string[] } | { readonly problem: string }
  /** Follows no link; undefined if nothing is there. `version` changes with the file. */
  read(
    path: string,
    limit: number,
  ): { readonly text: string; readonly version: string } | { readonly problem: string } | undefined
  /** Puts a whole new file in the place of one that still is `version`, with its mode and owner. Gives the problem. */
  replace(path: string, version: string, text: string): string | undefined
  /** Deletes a file; with a version, only if it still is that one. Gives the problem. */
  remove(path: string, version: string | undefined): string | undefined
  /** Does any process listen at this socket? */
  listens(path: string): boolean
  print(text: string): void
}
