import { readFile, realpath } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  nodeName,
  PLUGIN_NAME,
  pluginEntry,
  SERVICE_ACCOUNT_DIR,
  type Settings,
} from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { Binaries } from './binaries.ts'
import { InstallError } from './errors.ts'
import { removeStaleTemporaries } from './files.ts'
import { installationOf } from './installation.ts'
import type { JsonDocument } from './json.ts'
import { type NodeToken, writeKubeconfig } from './kubeconfig.ts'
import type { Log } from './log.ts'
import { areHostMountsRequired, missingMounts, parseMounts } from './mounts.ts'
import { NetworkKeeper } from './network-keeper.ts'
import { Owner } from './owner.ts'
import {
  type InstallMetrics,
  type InstallResult,
  NotInstalled,
  noMetrics,
  type Readiness,
} from './readiness.ts'
import { uninstall } from './uninstall.ts'
import { DirectoryWatch, type WatchedDirectory, type WatchTimes } from './watch.ts'

export interface InstallerOptions {
  settings: Settings
  log: Log
  metrics?: InstallMetrics
  /** Called whenever readiness or its reasons have changed. */
  onChange?: (readiness: Readiness) => void
  /** Called in every round of a fight with another program over the network configuration; must not throw. */
  fought?: (message: string) => void
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number
  serviceAccountDir?: string
  /** The kubeconfig gets it while there is one, else the pod's own. */
  nodeToken?: NodeToken
  mountinfoPath?: string
  watchTimes?: WatchTimes
}

const noNodeToken: NodeToken = { current: () => undefined, onChange: () => {} }
const usualTimes: WatchTimes = { debounceMs: 50, pollMs: 2_000 }
const shortestRetryMs = 250
const longestRetryMs = 10_000
const otherInstallationMs = 5_000

/**
 * Installs plugin, kubeconfig and network configuration and keeps them so. One pass at a time looks at everything
 * and repairs what differs; changes on the node, and failures after a growing pause, ask for the next one. Nothing
 * that the node does makes it throw: it becomes a reason for not being ready.
 */
export class Installer {
  readonly #options: Required<Omit<InstallerOptions, 'onChange'>> & Pick<InstallerOptions, 'onChange'>
  readonly #binaries: Binaries
  readonly #network: NetworkKeeper
  readonly #entry: JsonDocument
  readonly #watch: DirectoryWatch
  readonly #owner: Owner
  #readiness: Readiness = { ready: false, reasons: ['the installation has not finished yet'], warnings: [] }
  #running: Promise<void> | undefined
  #isAskedFor = false
  #isStopped = false
  #retry: NodeJS.Timeout | undefined
  #retryMs = shortestRetryMs
  #isDoubted = false
  #kubeconfigSkipped = ''

  constructor(options: InstallerOptions) {
    this.#options = {
      metrics: noMetrics,
      fought: () => {},
      now: () => performance.now(),
      serviceAccountDir: SERVICE_ACCOUNT_DIR,
      nodeToken: noNodeToken,
      mountinfoPath: '/proc/self/mountinfo',
      watchTimes: usualTimes,
      ...options,
    }
    const { settings, log, metrics, now, fought, serviceAccountDir, watchTimes } = this.#options
    this.#binaries = new Binaries(settings)
    this.#owner = new Owner(settings.mountedCniNetDir, installationOf(settings, new Date()), log)
    // A template may ask for the node's name, which only the host knows when no setting tells.
    this.#entry = pluginEntry({ ...settings, nodeName: nodeName(settings) || hostname() }) as JsonDocument
    this.#network = new NetworkKeeper(settings, log, metrics, now, fought)
    const directories: WatchedDirectory[] = [
      ...settings.mountedCniBinDirs.map((path) => ({ path, only: PLUGIN_NAME })),
      { path: settings.mountedCniNetDir },
      { path: serviceAccountDir },
    ]
    const authorityDir = dirname(settings.kubeCaFile)
    if (!directories.some(({ path }) => path === authorityDir)) directories.push({ path: authorityDir })
    this.#watch = new DirectoryWatch(directories, () => this.#ask(), watchTimes)
    this.#options.nodeToken.onChange(() => this.#ask())
  }

  readiness(): Readiness {
    return this.#readiness
  }

  /**
   * Resolves when no other installation keeps this node: before that nothing of the node may be touched, not even the
   * sockets in the run directory, which may be the other one's too. Until then it tells why not.
   */
  async waitForNode(): Promise<void> {
    while (!this.#isStopped) {
      // Without the node's directories there is no node to share; the installation says what is missing.
      if ((await this.#missingMounts()) !== undefined) return
      const refusal = await this.#owner.claim()
      if (refusal === undefined) return
      if (this.#readiness.reasons[0] !== refusal)
        this.#options.log.error({ why: refusal }, 'refused to install')
      this.#become({ ready: false, reasons: [refusal], warnings: [] })
      await delay(otherInstallationMs, undefined, { ref: false })
    }
  }

  /** Resolves after the first pass, whatever it came to. */
  async start(): Promise<void> {
    const { settings, log } = this.#options
    this.#options.metrics.ready(false)
    const places = [settings.mountedCniNetDir, settings.cniAgentRunDir, ...settings.mountedCniBinDirs]
    for (const place of places) {
      // `istio-cni.tmp.*` is what the original leaves.
      const stale = await removeStaleTemporaries(place, `${PLUGIN_NAME}.tmp.`)
      if (stale.length > 0) log.info({ directory: place, files: stale }, 'removed stale temporary files')
    }
    await this.#watch.start()
    await this.#ask()
  }

  /** Ends watching; with `uninstall` also takes everything off the node. Never throws; gives what had to stay. */
  async stop(options: { uninstall: boolean }): Promise<{ kept: string[] }> {
    this.#isStopped = true
    this.#watch.close()
    clearTimeout(this.#retry)
    await this.#running
    this.#become({ ready: false, reasons: ['the agent is stopping'], warnings: [] })
    const { settings, log } = this.#options
    if (!options.uninstall) {
      await this.#owner.release()
      return { kept: [] }
    }
    const other = await this.#owner.other()
    if (other !== undefined) {
      log.warn({ other, directory: settings.mountedCniNetDir }, 'uninstalled nothing: another agent keeps it')
      await this.#owner.release()
      return { kept: [settings.mountedCniNetDir] }
    }
    const mounts = await this.#mounts()
    const kept = await uninstall(settings, log, areHostMountsRequired(settings, mounts) ? mounts : undefined)
    await this.#owner.remove()
    return { kept }
  }

  /** Makes sure that a whole pass happens after now; resolves when none is left to do. */
  #ask(): Promise<void> {
    this.#isAskedFor = true
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<void> {
    while (this.#isAskedFor && !this.#isStopped) {
      this.#isAskedFor = false
      clearTimeout(this.#retry)
      try {
        await this.#pass()
        this.#isDoubted = false
        this.#retryMs = shortestRetryMs
      } catch (error) {
        this.#fail(
          error instanceof NotInstalled
            ? error
            : new NotInstalled(messageOf(error), 'CREATE_CNI_CONFIG_FAILURE'),
        )
      }
    }
  }

  async #pass(): Promise<void> {
    const { log, metrics } = this.#options
    const missing = await this.#missingMounts()
    if (missing !== undefined)
      throw new NotInstalled(missing.message, 'COPY_BINARIES_FAILURE', { cause: missing })
    const refusal = await this.#owner.claim()
    if (refusal !== undefined) throw new NotInstalled(refusal, 'waiting', { againMs: otherInstallationMs })
    const copied = await step('COPY_BINARIES_FAILURE', () => this.#binaries.install())
    for (const path of copied) log.info({ path }, 'copied the plugin')
    const rewritten = await step('CREATE_KUBECONFIG_FAILURE', () => this.#writeKubeconfig())
    const { changed, warnings, againMs } = await this.#network.keep(this.#entry)
    if (againMs !== undefined) this.#askAfter(againMs)
    if (copied.length > 0 || rewritten || changed || !this.#readiness.ready) metrics.installed('SUCCESS')
    this.#become({ ready: true, reasons: [], warnings })
  }

  async #missingMounts(): Promise<InstallError | undefined> {
    const { settings } = this.#options
    const mounts = await this.#mounts()
    if (!areHostMountsRequired(settings, mounts)) return undefined
    return await missingMounts(settings, mounts, (path) => realpath(path).catch(() => path))
  }

  async #mounts() {
    return parseMounts(await readFile(this.#options.mountinfoPath, 'utf8').catch(() => ''))
  }

  async #writeKubeconfig(): Promise<boolean> {
    const { settings, log, serviceAccountDir, nodeToken } = this.#options
    const outcome = await writeKubeconfig(settings, serviceAccountDir, nodeToken.current())
    if (outcome.done === 'written') log.info({ path: outcome.path }, 'wrote the kubeconfig')
    const skipped = outcome.done === 'skipped' ? outcome.why : ''
    if (skipped !== '' && skipped !== this.#kubeconfigSkipped)
      log.info({ why: skipped }, 'skipped the kubeconfig')
    this.#kubeconfigSkipped = skipped
    return outcome.done === 'written'
  }

  #fail({ message, result, againMs, cause }: NotInstalled): void {
    const { log, metrics } = this.#options
    if (result === 'waiting' && this.#readiness.ready && !this.#isDoubted) {
      // Most likely a file that another program is just writing: being unready for it would be noise.
      this.#isDoubted = true
      log.debug({ why: message }, 'doubted what it saw')
      this.#askAfter(shortestRetryMs)
      return
    }
    if (result !== 'waiting') metrics.installed(result)
    if (this.#readiness.reasons[0] !== message) {
      if (result === 'waiting') log.info({ why: message }, 'waited with the installation')
      else {
        // The YAML to add is read, and copied, line by line.
        const isYaml = cause instanceof InstallError && cause.code === 'MOUNTS_MISSING'
        const [why, ...lines] = isYaml ? message.split('\n') : [message]
        log.error({ result, why }, 'failed to install')
        for (const line of lines) log.error({}, line)
      }
    }
    this.#become({ ready: false, reasons: [message], warnings: [] })
    this.#askAfter(againMs ?? this.#retryMs)
    if (againMs === undefined) this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs)
  }

  #askAfter(ms: number): void {
    if (this.#isStopped) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#ask(), ms)
  }

  #become(readiness: Readiness): void {
    const before = this.#readiness
    this.#readiness = readiness
    if (JSON.stringify(before) === JSON.stringify(readiness)) return
    if (before.ready !== readiness.ready) {
      this.#options.metrics.ready(readiness.ready)
      if (readiness.ready) this.#options.log.info({}, 'installed and watching')
    }
    this.#options.onChange?.(readiness)
  }
}

/** Runs one part of a pass and says, should it fail, which part of the installation that is. */
async function step<T>(result: Exclude<InstallResult, 'SUCCESS'>, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new NotInstalled(messageOf(cause), result, { cause })
  }
}
