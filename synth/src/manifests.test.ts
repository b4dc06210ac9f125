import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { manifestTree } from './manifests.ts'

const tree = manifestTree()

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: unknown
}

function objectsOf(file: string): Manifest[] {
  return parseAllDocuments(String(tree.get(file)))
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null)
}

const find = (file: string, kind: string) => objectsOf(file).find((object) => object.kind === kind)

describe('manifestTree', () => {
  it.each(['sidecar.yaml', 'ambient.yaml'])('has a %s that reads like this', async (file) => {
    await expect(tree.get(file)).toMatchFileSnapshot(`snapshots/${file}`)
  })

  it("has the DaemonSet of the image's guide", () => {
    expect(find('privileged.yaml', 'DaemonSet')).toMatchObject({
      metadata: { name: 'istio-cni-node', namespace: 'istio-system' },
      spec: {
        selector: { matchLabels: { 'k8s-app': 'istio-cni-node' } },
        template: {
          metadata: { labels: { 'k8s-app': 'istio-cni-node' } },
          spec: {
            hostNetwork: true,
            imagePullSecrets: [{ name: 'dhi-pull-secret' }],
            containers: [
              {
                name: 'install-cni',
                image: 'dhi.io/istio-install-cni:1.30.3',
                securityContext: { privileged: true },
              },
            ],
          },
        },
      },
    })
  })

  it('has a file for every platform in both modes, which no other platform shares where directories differ', () => {
    expect([...tree.keys()]).toEqual(
      expect.arrayContaining(['gke.yaml', 'gke-ambient.yaml', 'talos-ambient.yaml']),
    )
    expect(find('openshift.yaml', 'NetworkAttachmentDefinition')).toBeDefined()
    expect(find('k3s.yaml', 'NetworkAttachmentDefinition')).toBeUndefined()
    expect(tree.get('k3s.yaml')).toContain('path: /var/lib/rancher/k3s/agent/etc/cni/net.d\n')
    expect(tree.get('k3s-ambient.yaml')).toContain('AMBIENT_ENABLED: "true"\n')
  })

  it.each([...tree.keys()])(
    "lets nothing in %s be deleted that is not the agent's, and starts the agents last",
    (file) => {
      const kinds = objectsOf(file).map(({ kind }) => kind)
      expect(kinds).not.toContain('Namespace')
      expect(kinds.at(-1)).toBe('DaemonSet')
    },
  )
})
