// Plain manifests for `kubectl apply`: one file per way to run the agent.
import { IstioCni, type IstioCniProps, Platform } from '@istio-install-cni/constructs'
import { App, Chart } from 'cdk8s'
import { stringify } from 'yaml'
import { inOrder } from './apply-order.ts'
import type { Tree } from './tree.ts'

interface Variant {
  readonly about: string
  readonly props: IstioCniProps
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: object
}

/** As in the image's guide; it is created before the manifest is applied. */
const PULL_SECRET = 'dhi-pull-secret'

const platforms = Object.values(Platform)

const variants: Readonly<Record<string, Variant>> = {
  sidecar: { about: 'sidecar mode', props: {} },
  ambient: { about: 'ambient mode', props: { profile: 'ambient' } },
  privileged: { about: "sidecar mode, privileged as in the image's guide", props: { privileged: true } },
  ...Object.fromEntries(platforms.flatMap(onPlatform)),
}

function onPlatform(platform: Platform): [string, Variant][] {
  return [
    [platform, { about: `sidecar mode on ${platform}`, props: { platform } }],
    [
      `${platform}-ambient`,
      { about: `ambient mode on ${platform}`, props: { platform, profile: 'ambient' } },
    ],
  ]
}

/** `<variant>.yaml` for each of them. */
export function manifestTree(): Tree {
  return new Map(
    Object.entries(variants).map(([name, variant]) => [`${name}.yaml`, manifestOf(name, variant)]),
  )
}

function manifestOf(name: string, { about, props }: Variant): string {
  const chart = new Chart(new App(), name)
  new IstioCni(chart, 'istio-cni', { ...props, imagePullSecrets: [PULL_SECRET] })
  const heading = [
    `# The Istio CNI node agent: ${about}.`,
    `# It needs the namespace istio-system and in it the pull secret ${PULL_SECRET}: docs/manifests.md tells how to make them.`,
    `#   kubectl apply -f ${name}.yaml`,
  ]
  const objects = inOrder(chart.toJson() as Manifest[])
  return [`${heading.join('\n')}\n`, ...objects.map((object) => stringify(readable(object)))].join('---\n')
}

/** What it is and how it is called before what it says. */
function readable({ apiVersion, kind, metadata, ...rest }: Manifest): Manifest {
  return { apiVersion, kind, metadata, ...rest }
}
