import { deliverLog } from './deliver-log.ts'
import { runPlugin } from './plugin.ts'
import type { PluginHost } from './ports.ts'

/** Provided by native/src/bin/istio-cni/host.rs. */
declare const host: PluginHost

const outcome = runPlugin(host)
// The answer first: whatever happens to the log, the runtime has it.
if (outcome.stdout !== undefined) host.writeOutput(outcome.stdout)
if (outcome.stderr !== undefined) host.writeError(outcome.stderr)
const unsent = deliverLog(outcome, host)
if (unsent !== '') host.writeError(unsent)
host.exit(outcome.exitCode)
