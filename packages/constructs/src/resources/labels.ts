import {
  appVersion,
  chartName,
  chartVersion,
  firstOf,
  labelValue,
  releaseName,
  releaseService,
  text,
  value,
} from '../expressions/index.ts'
import { NAME } from './names.ts'

/** Those of every object, as Kubernetes recommends them (the original's `istio.labels`). */
export const releaseLabels = {
  'app.kubernetes.io/name': NAME.app,
  'app.kubernetes.io/managed-by': releaseService,
  'app.kubernetes.io/instance': releaseName,
  'app.kubernetes.io/part-of': 'istio',
  'app.kubernetes.io/version': appVersion,
  'helm.sh/chart': labelValue(text`${chartName}-${chartVersion}`),
} as const

/** By which istioctl and the operators find a component's objects. */
export const componentLabels = {
  release: releaseName,
  'istio.io/rev': firstOf(value('revision'), 'default'),
  'install.operator.istio.io/owning-resource': firstOf(value('ownerName'), 'unknown'),
  'operator.istio.io/component': 'Cni',
  ...releaseLabels,
} as const

/** Most objects'. */
export const appLabels = { app: NAME.app, ...componentLabels } as const
