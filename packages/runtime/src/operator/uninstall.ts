import { FILE_NAME, PLUGIN_NAME } from '@istio-install-cni/config-schema'
import { resultNamesUs } from '../install/cached-result.ts'
import { kubeconfigContext } from '../install/kubeconfig-context.ts'
import { removalsOf, textNamesUs } from '../install/removal.ts'
import { isConfigName } from '../install/select.ts'
import { parseJson } from '../plugin/json.ts'
import type { Node } from './node.ts'
import type { UninstallOptions } from './options.ts'
import { withoutPlugin } from './without-plugin.ts'

const LONGEST_CONFIG = 1024 * 1024
const LONGEST_RESULT = 4 * LONGEST_CONFIG

interface ReadFile {
  readonly name: string
  readonly text: string
  readonly version: string
}

/** Removes our plugin from the node, or says what it would do; true when nothing names it any more. */
export function uninstall(node: Node, options: UninstallOptions): boolean {
  const { dryRun } = options
  const staying: string[] = []
  for (const directory of options.netDirs) {
    if (node.listens(`${directory}/${FILE_NAME.owner}`)) {
      node.print(`${directory}: the agent runs and would install it again: delete its DaemonSet first\n`)
      if (!dryRun) return false
      staying.push(directory)
    }
  }
  for (const directory of options.netDirs) removeFromNetworks(directory)
  for (const directory of options.runDirs) removeCredentials(`${directory}/${FILE_NAME.runDirKubeconfig}`)
  const isConfigured = staying.length > 0
  for (const directory of options.cacheDirs) findResults(directory)
  for (const directory of options.binDirs) removeBinary(`${directory}/${PLUGIN_NAME}`)
  return staying.length === 0

  function removeFromNetworks(directory: string): void {
    const listed = node.list(directory)
    if ('problem' in listed) {
      stay(directory, `cannot be listed: ${listed.problem}`)
      return
    }
    const files = listed.names.toSorted().flatMap((name) => readConfig(directory, name))
    const settings = {
      chainedCniPlugin: options.ownFile === '',
      cniConfName: options.ownFile,
      istioOwnedCniConfigFilename: options.ownFile,
    }
    const removals = removalsOf(files, settings)
    for (const { name, text, version } of files) {
      const path = `${directory}/${name}`
      const removal = removals.find((each) => each.name === name)
      if (removal === undefined) {
        if (textNamesUs(text)) stay(path, 'runs our plugin and cannot be edited: delete it by hand')
      } else if (removal.act === 'delete') {
        tell(path, 'deleted', 'would be deleted', dryRun ? undefined : node.remove(path, version))
      } else {
        const edited = withoutPlugin(text, removal.without)
        if (edited === undefined) stay(path, 'cannot be edited without loss: take the plugin out by hand')
        else {
          const problem = dryRun ? undefined : node.replace(path, version, edited)
          tell(path, 'took our plugin out of the list', 'our plugin would be taken out of the list', problem)
        }
      }
    }
    removeCredentials(`${directory}/${FILE_NAME.kubeconfig}`)
    if (!dryRun && listed.names.includes(FILE_NAME.owner)) {
      tell(
        `${directory}/${FILE_NAME.owner}`,
        'deleted',
        '',
        node.remove(`${directory}/${FILE_NAME.owner}`, undefined),
      )
    }
  }

  function readConfig(directory: string, name: string): ReadFile[] {
    if (!isConfigName(name) && name !== options.ownFile) return []
    const path = `${directory}/${name}`
    const file = node.read(path, LONGEST_CONFIG)
    if (file === undefined) return []
    if ('problem' in file) {
      stay(path, `was not looked at: ${file.problem}`)
      return []
    }
    try {
      parseJson(file.text)
    } catch {
      if (file.text.includes(PLUGIN_NAME))
        stay(path, 'names our plugin and is no JSON: repair or delete it by hand')
      return []
    }
    return [{ name, ...file }]
  }

  function removeCredentials(path: string): void {
    const file = node.read(path, LONGEST_CONFIG)
    if (file === undefined) return
    if ('problem' in file) {
      stay(path, `was not looked at: ${file.problem}`)
      return
    }
    if (!file.text.includes(`current-context: ${kubeconfigContext}`)) {
      node.print(`${path}: left, it is no kubeconfig of the agent\n`)
      return
    }
    tell(path, 'deleted', 'would be deleted', dryRun ? undefined : node.remove(path, file.version))
  }

  /** Results are the runtime's: they go when their sandboxes do. */
  function findResults(cache: string): void {
    for (const directory of [`${cache}/results`, `${cache}/cache/results`]) {
      const listed = node.list(directory)
      if ('problem' in listed) {
        stay(directory, `cannot be listed: ${listed.problem}`)
        return
      }
      for (const name of listed.names) {
        const path = `${directory}/${name}`
        const file = node.read(path, LONGEST_RESULT)
        if (file === undefined) continue
        if ('problem' in file) stay(path, `was not looked at: ${file.problem}`)
        else if (resultNames(file.text)) stay(path, 'a running sandbox was set up with our plugin')
      }
    }
  }

  function removeBinary(path: string): void {
    if (staying.length === 0) {
      node.print(`${path}: nothing names it any more; to remove it: rm ${path}\n`)
    } else {
      const cause = isConfigured ? 'see above' : 'sandboxes still need it for their deletion'
      node.print(
        `${path}: must stay, ${cause}; once they are gone: istio-cni uninstall again, then rm ${path}\n`,
      )
    }
  }

  function tell(path: string, done: string, would: string, problem: string | undefined): void {
    if (problem !== undefined) stay(path, `failed: ${problem}`)
    else node.print(`${path}: ${dryRun ? would : done}\n`)
  }

  function stay(path: string, why: string): void {
    staying.push(path)
    node.print(`${path}: ${why}\n`)
  }
}

function resultNames(text: string): boolean {
  try {
    parseJson(text)
  } catch {
    return text.includes(PLUGIN_NAME)
  }
  return resultNamesUs(text)
}
