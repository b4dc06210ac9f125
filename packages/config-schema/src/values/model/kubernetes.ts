import * as v from 'valibot'
import { integer, labelKey, labelValue, line, objectName, oneOf, quantity, variableName } from './scalars.ts'

// Parts that go into objects of Kubernetes as they are. In maps, null takes a key of a lower layer away.

export const labels = v.record(labelKey, v.nullable(labelValue), 'labels, as a map')
export const annotations = v.record(
  labelKey,
  v.nullable(v.string('a text, in quotes if it looks like a number or a boolean')),
  'annotations, as a map',
)
export const environment = v.record(
  variableName,
  v.nullable(
    v.union(
      [v.string(), v.boolean(), v.pipe(v.number(), v.safeInteger())],
      'a text, a boolean or a whole number',
    ),
  ),
  'environment variables, as a map from name to value',
)

/** An object of Kubernetes that the API server checks, not we. */
const opaque = v.record(v.string(), v.unknown(), 'an object') as v.GenericSchema<object>

export const affinity = v.strictObject(
  {
    nodeAffinity: v.optional(v.nullable(opaque)),
    podAffinity: v.optional(v.nullable(opaque)),
    podAntiAffinity: v.optional(v.nullable(opaque)),
  },
  'an object with the keys nodeAffinity, podAffinity, podAntiAffinity',
)

export const tolerations = v.array(
  v.strictObject(
    {
      key: v.optional(line),
      operator: v.optional(oneOf('Exists', 'Equal', 'Lt', 'Gt')),
      value: v.optional(line),
      effect: v.optional(oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute')),
      tolerationSeconds: v.optional(integer(0, 2 ** 31)),
    },
    'an object with the keys key, operator, value, effect, tolerationSeconds',
  ),
  'a list of tolerations',
)

/** `maxSurge` is missing: two agents cannot share a node's ports and files. */
export const updateStrategy = v.strictObject(
  {
    type: v.optional(v.nullable(oneOf('RollingUpdate', 'OnDelete'))),
    rollingUpdate: v.optional(
      v.nullable(
        v.strictObject(
          {
            maxUnavailable: v.optional(
              v.nullable(
                v.union(
                  [integer(1, 1_000_000), v.pipe(v.string(), v.regex(/^[1-9][0-9]?%$|^100%$/))],
                  'a whole number from 1, or a percentage such as 10%',
                ),
              ),
            ),
          },
          'an object with the key maxUnavailable (maxSurge is not possible: two agents cannot share a node)',
        ),
      ),
    ),
  },
  'an object with the keys type, rollingUpdate',
)

const quantities = v.record(v.string(), v.nullable(quantity), 'a map from resource to quantity')
export const resources = v.strictObject(
  { limits: v.optional(v.nullable(quantities)), requests: v.optional(v.nullable(quantities)) },
  'an object with the keys limits, requests',
)

export const seccompProfile = v.strictObject(
  {
    type: v.optional(v.nullable(oneOf('', 'RuntimeDefault', 'Unconfined', 'Localhost'))),
    localhostProfile: v.optional(v.nullable(line)),
  },
  'an object with the keys type, localhostProfile',
)

export const seLinuxOptions = v.strictObject(
  {
    user: v.optional(v.nullable(line)),
    role: v.optional(v.nullable(line)),
    type: v.optional(v.nullable(line)),
    level: v.optional(v.nullable(line)),
  },
  'an object with the keys user, role, type, level',
)

/** Names of secrets, as Istio's charts take them, or as a pod has them. */
export const pullSecrets = v.array(
  v.union([objectName, v.strictObject({ name: objectName })], 'the name of a secret, or {name}'),
  'a list of names of secrets',
)

const selector = v.strictObject(
  {
    matchLabels: v.optional(v.record(labelKey, labelValue, 'labels, as a map')),
    matchExpressions: v.optional(
      v.array(
        v.strictObject(
          {
            key: labelKey,
            operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
            values: v.optional(v.array(labelValue, 'a list of label values')),
          },
          'an object with the keys key, operator, values',
        ),
        'a list of {key, operator, values}',
      ),
    ),
  },
  'a label selector: an object with the keys matchLabels, matchExpressions',
)
export const enablementSelectors = v.array(
  v.strictObject(
    { podSelector: v.optional(selector), namespaceSelector: v.optional(selector) },
    'an object with the keys podSelector, namespaceSelector',
  ),
  'a list of {podSelector, namespaceSelector}',
)
