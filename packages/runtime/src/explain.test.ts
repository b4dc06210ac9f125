import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@istio-install-cni/config-schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explainRules } from './explain.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'explain-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const pod = `{apiVersion: v1, kind: Pod, metadata: {name: app, namespace: shop},
  spec: {containers: [{name: app, image: example/app}]}}`
const namespace = `{apiVersion: v1, kind: Namespace,
  metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}}`

function explained(manifests: readonly string[], env: Readonly<Record<string, string>>): string {
  const file = join(directory, 'pod.yaml')
  writeFileSync(file, manifests.join('\n---\n'))
  return explainRules([file], loadSettings({ env, argv: [], readFile: () => '' }).settings)
}

describe('the explanation of what happens to a pod', () => {
  it('shows the rules of ambient mode for a pod whose namespace is in the file and selected', () => {
    const text = explained([namespace, pod], { AMBIENT_ENABLED: 'true', AMBIENT_IPV6: 'false' })
    expect(text).toMatch(/^shop\/app is redirected to ztunnel: .*\n\nProgrammed for IPv4\.\n/)
    expect(text).toMatch(
      /nat +istio-output +TCP not to 127.0.0.1 not marked 0x539\/0xfff +redirect to port 15001/,
    )
    expect(text).toMatch(/IPv4 packets marked 0x111\/0xfff are routed by table 100/)
  })

  it('knows only the pod where no namespace is given', () => {
    expect(explained([pod], { AMBIENT_ENABLED: 'true' })).toMatch(/^shop\/app is left alone: /)
  })

  it('knows nothing of ambient mode where that is switched off', () => {
    expect(explained([namespace, pod], {})).toMatch(
      /^shop\/app is left alone: it has no container istio-proxy/,
    )
  })
})
