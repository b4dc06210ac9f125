import { METRICS_PATH, READY_PATH } from '@istio-install-cni/config-schema'
import { any, firstOf, text, value, when, withoutEmpty } from '../expressions/index.ts'
import { environment } from './environment.ts'
import { imageReference } from './image.ts'
import { volumeMounts } from './mounts.ts'
import { NAME } from './names.ts'
import { securityContext } from './security-context.ts'

const pullPolicy = firstOf(value('pullPolicy'), value('global.imagePullPolicy'))
const logLevels = firstOf(value('logging.level'), value('global.logging.level'))

/** For Prometheus servers that look at annotations. */
export const scrapeAnnotations = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': text`${value('monitoringPort')}`,
  'prometheus.io/path': METRICS_PATH,
}

/** The image, wherever it runs. */
export const image = { image: imageReference, imagePullPolicy: when(pullPolicy, pullPolicy) }

/** The agent. */
export const container = {
  name: NAME.container,
  ...image,
  ports: [{ containerPort: value('monitoringPort'), name: 'metrics', protocol: 'TCP' }],
  readinessProbe: { httpGet: { path: READY_PATH, port: value('healthPort') } },
  securityContext,
  command: ['install-cni'],
  args: [
    when(logLevels, text`--log_output_level=${logLevels}`),
    when(value('global.logAsJson'), '--log_as_json'),
  ],
  envFrom: [{ configMapRef: { name: NAME.configMap } }],
  env: environment,
  volumeMounts,
  resources: when(
    any(value('resources')),
    withoutEmpty(value('resources')),
    withoutEmpty(value('global.defaultResources')),
  ),
}
