// What `istioctl --manifests` reads: the chart in the place where it looks for it, and profiles.
import { basename, dirname } from 'node:path/posix'
import { ISTIO_VERSION } from '@istio-install-cni/config-schema'
import { HardenedImage } from '@istio-install-cni/constructs'
import { stringify } from 'yaml'
import { joinTrees, type Tree } from './tree.ts'

/**
 * Every profile is laid over this one. Its name keeps installations apart: istioctl deletes what an earlier installation
 * of that name put and this one does not, and istiod of an installation without name must not be among it. It also keeps
 * istioctl from writing webhooks for an istiod that it does not install.
 */
const base = {
  apiVersion: 'install.istio.io/v1alpha1',
  kind: 'IstioOperator',
  metadata: { name: 'istio-cni', namespace: 'istio-system' },
  spec: {
    // istioctl installs the first three unless it is told not to, and this tree has no charts for them.
    components: {
      base: { enabled: false },
      pilot: { enabled: false },
      ingressGateways: [],
      cni: { enabled: true },
    },
    values: {
      // All three: an istioctl of a release has Istio's registry and tag compiled in and passes them as global.hub and global.tag.
      cni: hardenedImage(),
      global: { istioNamespace: 'istio-system', operatorManageWebhooks: true },
    },
  },
}

function hardenedImage(): Readonly<Record<'hub' | 'image' | 'tag', string>> {
  const { repository, tag } = HardenedImage.dhi(ISTIO_VERSION)
  return { hub: dirname(repository), image: basename(repository), tag }
}

const overlay = (spec: Readonly<Record<string, unknown>>) => ({
  apiVersion: base.apiVersion,
  kind: base.kind,
  spec,
})

/** OpenShift's own namespace for what every node needs, as in the original's profiles. */
const onOpenShift = { cni: { namespace: 'kube-system' } }

const profiles = {
  default: base,
  empty: overlay({ components: { cni: { enabled: false } } }),
  minimal: overlay({}),
  ambient: overlay({ values: { profile: 'ambient' } }),
  demo: overlay({ values: { profile: 'demo' } }),
  preview: overlay({ values: { profile: 'preview' } }),
  remote: overlay({ values: { profile: 'remote' } }),
  stable: overlay({ values: { profile: 'stable' } }),
  openshift: overlay({ components: onOpenShift, values: { global: { platform: 'openshift' } } }),
  'openshift-ambient': overlay({
    components: onOpenShift,
    values: { profile: 'ambient', global: { platform: 'openshift' } },
  }),
}

/** The tree for `--manifests`; its only component is this chart. */
export function istioctlTree(chart: Tree): Tree {
  const files = Object.entries(profiles).map(
    ([name, profile]) => [`${name}.yaml`, stringify(profile)] as const,
  )
  return joinTrees({ 'charts/istio-cni': chart, profiles: new Map(files) })
}
