import * as v from 'valibot'
import { LOG_LEVELS } from '../../levels.ts'

// Patterns go into the chart's JSON schema: they must mean the same in JavaScript and in Go's RE2.

export const flag = v.boolean()

/** ASCII without blanks: the agent drops blanks around a name, which a mount does not. */
const FILE_CHARACTER = '[!-.0-~]'

/** Part of an SELinux context. */
export const contextPart = matching(
  /^[-A-Za-z0-9_.:,]*$/,
  'a part of an SELinux context, such as spc_t or s0:c1,c2',
)

/** A seccomp profile among the kubelet's. */
export const profilePath = matching(
  new RegExp(`^(${FILE_CHARACTER}+(/${FILE_CHARACTER}+)*)?$`),
  "a path below the kubelet's directory of seccomp profiles",
)

/** A path from the root without `..`. */
const PATH = String.raw`(/(\.?|\.?[-!-,0-~]${FILE_CHARACTER}*|\.\.${FILE_CHARACTER}+))+`
export const absolutePath = matching(new RegExp(`^${PATH}$`), 'an absolute path without ".."')
export const optionalPath = matching(new RegExp(`^(${PATH})?$`), 'an absolute path without "..", or nothing')

export const networkConfigName = matching(
  new RegExp(String.raw`^(${FILE_CHARACTER}*\.(conf|conflist|json))?$`),
  'a file name ending in .conf, .conflist or .json, or nothing',
)
export const networkListName = matching(
  new RegExp(String.raw`^(${FILE_CHARACTER}*\.conflist)?$`),
  'a file name ending in .conflist, or nothing',
)
/** A file that runtimes must not take for a network configuration. */
export const kubeconfigName = matching(
  /^[A-Za-z0-9_][-A-Za-z0-9_]{0,200}(\.(yaml|yml|config|kubeconfig))?$/,
  'a file name without dots but for an ending .yaml, .yml, .config or .kubeconfig',
)

const REGISTRY = '[A-Za-z0-9][-A-Za-z0-9._:/]*'
export const registry = matching(
  new RegExp(`^(${REGISTRY})?$`),
  'a registry, such as dhi.io or registry.example/mesh',
)
export const imageReference = matching(
  new RegExp(`^(${REGISTRY}(@sha256:[0-9a-f]{64})?)?$`),
  'a text: an image name such as install-cni, or a whole reference such as dhi.io/istio-install-cni:1.30.3',
)
const TAG = 'a tag, in quotes if it looks like a number with a point (--set-string on the command line)'
/** `--set tag=1` arrives as a number; a point in a number would have lost its zeros, as in 1.30. */
export const imageTag = v.union(
  [
    matching(/^([A-Za-z0-9_][-A-Za-z0-9._]{0,127}(@sha256:[0-9a-f]{64})?)?$/, TAG),
    v.pipe(v.number(TAG), v.safeInteger(TAG), v.minValue(1, TAG)),
  ],
  TAG,
)
export const imageVariant = matching(/^[-A-Za-z0-9._]{0,64}$/, 'the end of a tag, such as dev or fips')

const NAME = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
export const namespaceName = matching(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'the name of a namespace: lower-case letters, digits and inner dashes, at most 63',
)
export const objectName = matching(
  new RegExp(`^${NAME}(\\.${NAME})*$`),
  'the name of a Kubernetes object: lower-case letters, digits, inner dashes and dots',
)

const LABEL = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
const LABEL_KEY = `([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${LABEL}`
export const labelKey = matching(new RegExp(`^${LABEL_KEY}$`), 'the key of a label, such as example.com/name')
/** Of a toleration; an empty one stands for all. */
export const taintKey = matching(
  new RegExp(`^(${LABEL_KEY})?$`),
  'the key of a taint, such as example.com/name, or nothing',
)
export const labelValue = matching(
  new RegExp(`^(${LABEL})?$`),
  'the value of a label, in quotes if it looks like a number or a boolean (--set-string on the command line)',
)
export const variableName = matching(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'the name of an environment variable')

const LEVEL = `([A-Za-z0-9][-A-Za-z0-9_./]{0,62}:)?(${LOG_LEVELS.join('|')})`
export const logLevels = matching(
  new RegExp(`^(${LEVEL}(,${LEVEL})*)?$`),
  `LEVEL or SCOPE:LEVEL, comma-separated, LEVEL one of ${LOG_LEVELS.join(', ')}`,
)

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
export const ipv4Address = matching(
  new RegExp(String.raw`^${OCTET}(\.${OCTET}){3}$`),
  'an IPv4 address such as 169.254.7.127',
)
/** Eight groups, or fewer on both sides of a `::`. */
const GROUP = '[0-9A-Fa-f]{1,4}'
const COMPRESSED = [1, 2, 3, 4, 5, 6].map((after) => `(${GROUP}:){1,${7 - after}}(:${GROUP}){1,${after}}`)
const IPV6 = [`(${GROUP}:){7}${GROUP}`, `(${GROUP}:){1,7}:`, ...COMPRESSED, `:((:${GROUP}){1,7}|:)`]
export const ipv6Address = matching(new RegExp(`^(${IPV6.join('|')})$`), 'an IPv6 address such as fd00::1')

export const quantity = v.union(
  [matching(/^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/, 'a quantity such as 100m or 128Mi'), v.number()],
  'a quantity such as 100m or 128Mi',
)

/** A Prometheus duration. */
export const interval = matching(/^[0-9]+(ms|s|m|h)$/, 'a duration such as 15s')

export function integer(minimum: number, maximum: number) {
  const expectation = `a whole number from ${minimum} to ${maximum}`
  return v.pipe(
    v.number(expectation),
    v.integer(expectation),
    v.minValue(minimum, expectation),
    v.maxValue(maximum, expectation),
  )
}

/** A port that a process without further rights may listen on. */
export const port = integer(1024, 65_535)

export function zeroOr<Schema extends v.GenericSchema<number>>(schema: Schema, expectation: string) {
  return v.union([v.literal(0), schema], expectation)
}

/** One of a few words; '' counts as not given where it is among them. */
export function oneOf<const Words extends readonly string[]>(...words: Words) {
  const named = words.filter((word) => word !== '')
  return v.picklist(words, `one of ${named.join(', ')}${words.includes('') ? ', or nothing' : ''}`)
}

/** @param expectation completes the sentence "expected …". */
function matching(pattern: RegExp, expectation: string) {
  return v.pipe(v.string(expectation), v.regex(pattern, expectation))
}
