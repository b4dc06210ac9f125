import * as v from 'valibot'
import type { SelectorOperator } from '../../selector.ts'
import { map, object } from './objects.ts'
import {
  contextPart,
  integer,
  labelKey,
  labelValue,
  objectName,
  oneOf,
  profilePath,
  quantity,
  taintKey,
  variableName,
} from './scalars.ts'

// Parts that go into objects of Kubernetes as they are. In maps, null takes a key of a lower layer away.

export const labels = map(labelKey, v.nullable(labelValue), 'labels, as a map')
export const annotations = map(
  labelKey,
  v.nullable(v.string('a text, in quotes if it looks like a number or a boolean')),
  'annotations, as a map',
)
export const environment = map(
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
const opaque = map(v.string(), v.unknown(), 'an object') as v.GenericSchema<object>

export const affinity = object(
  {
    nodeAffinity: v.optional(v.nullable(opaque)),
    podAffinity: v.optional(v.nullable(opaque)),
    podAntiAffinity: v.optional(v.nullable(opaque)),
  },
  'an object with the keys nodeAffinity, podAffinity, podAntiAffinity',
)

export const tolerations = v.array(
  object(
    {
      key: v.optional(taintKey),
      operator: v.optional(oneOf('Exists', 'Equal', 'Lt', 'Gt')),
      value: v.optional(labelValue),
      effect: v.optional(oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute')),
      tolerationSeconds: v.optional(integer(0, 2 ** 31)),
    },
    'an object with the keys key, operator, value, effect, tolerationSeconds',
  ),
  'a list of tolerations',
)

/** `maxSurge` is missing: two agents cannot share a node's ports and files. */
export const updateStrategy = object(
  {
    type: v.optional(v.nullable(oneOf('RollingUpdate', 'OnDelete'))),
    rollingUpdate: v.optional(
      v.nullable(
        object(
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

const quantities = map(v.string(), v.nullable(quantity), 'a map from resource to quantity')
export const resources = object(
  { limits: v.optional(v.nullable(quantities)), requests: v.optional(v.nullable(quantities)) },
  'an object with the keys limits, requests',
)

export const seccompProfile = object(
  {
    type: v.optional(v.nullable(oneOf('', 'RuntimeDefault', 'Unconfined', 'Localhost'))),
    localhostProfile: v.optional(v.nullable(profilePath)),
  },
  'an object with the keys type, localhostProfile',
)

export const seLinuxOptions = object(
  {
    user: v.optional(v.nullable(contextPart)),
    role: v.optional(v.nullable(contextPart)),
    type: v.optional(v.nullable(contextPart)),
    level: v.optional(v.nullable(contextPart)),
  },
  'an object with the keys user, role, type, level',
)

/** Names of secrets, as Istio's charts take them, or as a pod has them. */
export const pullSecrets = v.array(
  v.union(
    [objectName, object({ name: objectName }, 'an object with the key name')],
    'the name of a secret, or {name}',
  ),
  'a list of names of secrets',
)

const someValues = v.pipe(v.array(labelValue, 'a list of label values'), v.minLength(1, 'at least one value'))
const noValues = v.pipe(v.array(labelValue, 'a list'), v.maxLength(0, 'no values with this operator'))
const requirement = v.union(
  [
    object({ key: labelKey, operator: oneOf('In', 'NotIn'), values: someValues }, 'key, operator, values'),
    object(
      { key: labelKey, operator: oneOf('Exists', 'DoesNotExist'), values: v.optional(noValues) },
      'key, operator',
    ),
  ],
  'an object with key and operator, and with values if the operator is In or NotIn',
) as v.GenericSchema<{ key: string; operator: SelectorOperator; values?: string[] | undefined }>

const selector = object(
  {
    matchLabels: v.optional(map(labelKey, labelValue, 'labels, as a map')),
    matchExpressions: v.optional(v.array(requirement, 'a list of {key, operator, values}')),
  },
  'a label selector: an object with the keys matchLabels, matchExpressions',
)
export const enablementSelectors = v.array(
  object(
    { podSelector: v.optional(selector), namespaceSelector: v.optional(selector) },
    'an object with the keys podSelector, namespaceSelector',
  ),
  'a list of {podSelector, namespaceSelector}',
)
