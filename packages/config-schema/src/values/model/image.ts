import { pullSecrets } from './kubernetes.ts'
import { value } from './row.ts'
import { imageReference, imageTag, imageVariant, oneOf, registry } from './scalars.ts'

/** Which image, and how it is pulled. */
export const image = {
  hub: value(
    registry,
    '',
    'Registry and path of the image. Empty: `global.hub`; without either the default image is `dhi.io/istio-install-cni`.',
  ),
  tag: value(imageTag, '', "Tag of the image. Empty: `global.tag`, else the chart's appVersion."),
  variant: value(
    imageVariant,
    '',
    'Appended to the tag with a dash, such as `dev` or `fips`. Empty: `global.variant`. A whole reference is never changed.',
  ),
  image: value(
    imageReference,
    'install-cni',
    'Name of the image in `hub`. With a `/` it has its own registry, and `hub` is not used; with a tag or a digest it is a whole reference, and `tag` is not used either.',
  ),
  pullPolicy: value(
    oneOf('', 'Always', 'IfNotPresent', 'Never'),
    '',
    "When the image is pulled. Empty: `global.imagePullPolicy`, else Kubernetes' default.",
  ),
  imagePullSecrets: value(
    pullSecrets,
    [],
    'Secrets for pulling the image, in the same namespace; added to `global.imagePullSecrets`, on the service account and on the pod.',
    { since: 'ours' },
  ),
}
