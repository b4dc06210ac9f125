import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadSettings } from '@istio-install-cni/config-schema'
import { writeAtomically } from '../../packages/runtime/src/install/files.ts'
import { Installer } from '../../packages/runtime/src/install/installer.ts'

// An installer in a process of its own, to be killed or to be put into a mount namespace. Settings come from the
// environment; every change of readiness is one JSON line on stdout. CHURN names a list to install into, over and over.
const { settings } = loadSettings({ env: process.env, argv: [] })
const { CHURN, SERVICE_ACCOUNT: serviceAccountDir = '' } = process.env
const ignore = () => undefined
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function installer(): Installer {
  const onChange = (readiness: unknown) => process.stdout.write(`${JSON.stringify(readiness)}\n`)
  return new Installer({ settings, log, serviceAccountDir, onChange })
}

if (CHURN === undefined) await installer().start()
else {
  const list = await readFile(CHURN)
  for (let round = 0; ; round += 1) {
    const network = join(settings.mountedCniNetDir, '10-pods.conflist')
    await writeAtomically(network, list, { mode: 0o600 })
    await writeFile(join(serviceAccountDir, 'token'), `token-${round}`)
    await rm(join(settings.mountedCniBinDirs[0] ?? '', 'istio-cni'), { force: true })
    const current = installer()
    await current.start()
    await current.stop({ uninstall: round % 3 === 2 })
  }
}
