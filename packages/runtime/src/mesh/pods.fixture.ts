import { ANNOTATION, CONTAINER } from '@istio-install-cni/config-schema'
import { type Pod, podFromManifest } from './pod.ts'

/** A pod with a sidecar, and with these annotations and variables of the proxy besides. For tests. */
export function sidecarPod(
  annotations: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
  fields: Readonly<{
    name?: string
    labels?: Readonly<Record<string, string>>
    spec?: object
    proxy?: object
  }> = {},
): Pod {
  const { name = 'app', labels = {}, spec = {}, proxy = {} } = fields
  return podFromManifest({
    metadata: { name, namespace: 'shop', labels, annotations: { [ANNOTATION.status]: '{}', ...annotations } },
    spec: {
      containers: [
        { name: 'app' },
        {
          name: CONTAINER.proxy,
          args: ['proxy', 'sidecar'],
          env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
          ...proxy,
        },
      ],
      ...spec,
    },
  })
}
