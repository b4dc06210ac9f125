import { ANNOTATION, CONTAINER, VALIDATION_EXIT_CODE } from '../contract.ts'
import { boolean } from '../kinds/boolean.ts'
import { fieldQuery, labelQuery } from '../kinds/label-query.ts'
import { integer } from '../kinds/number.ts'
import { labelKey, labelValue, objectName, text } from '../kinds/text.ts'
import { setting } from './setting.ts'

/** Pods that started before the plugin was there. */
export const repair = [
  setting('REPAIR_ENABLED', {
    kind: boolean,
    default: true,
    since: 'original',
    helmPath: 'repair.enabled',
    description: 'Look for sidecar pods that started without redirection.',
  }),
  setting('REPAIR_REPAIR_PODS', {
    kind: boolean,
    default: true,
    since: 'original',
    helmPath: 'repair.repairPods',
    description: 'Redirect them in place. Goes before deleting, which goes before labelling.',
  }),
  setting('REPAIR_DELETE_PODS', {
    kind: boolean,
    default: false,
    since: 'original',
    helmPath: 'repair.deletePods',
    description: 'Delete them, so that they start anew.',
  }),
  setting('REPAIR_LABEL_PODS', {
    kind: boolean,
    default: false,
    since: 'original',
    helmPath: 'repair.labelPods',
    description: 'Label them.',
  }),
  setting('REPAIR_BROKEN_POD_LABEL_KEY', {
    kind: labelKey,
    default: 'cni.istio.io/uninitialized',
    since: 'original',
    helmPath: 'repair.brokenPodLabelKey',
    description: 'Key of that label.',
  }),
  setting('REPAIR_BROKEN_POD_LABEL_VALUE', {
    kind: labelValue,
    default: 'true',
    since: 'original',
    helmPath: 'repair.brokenPodLabelValue',
    description: 'Value of that label.',
  }),
  setting('REPAIR_NODE_NAME', {
    kind: objectName,
    default: '',
    since: 'original',
    description: "Node whose pods are looked at; empty: the agent's own.",
  }),
  setting('REPAIR_SIDECAR_ANNOTATION', {
    kind: labelKey,
    default: ANNOTATION.status,
    since: 'original',
    description: 'Only pods with this annotation are looked at.',
  }),
  setting('REPAIR_INIT_CONTAINER_NAME', {
    kind: objectName,
    default: CONTAINER.validation,
    since: 'original',
    helmPath: 'repair.initContainerName',
    description: 'Init container that fails in a pod without redirection.',
  }),
  setting('REPAIR_INIT_CONTAINER_TERMINATION_MESSAGE', {
    kind: text,
    default: '',
    since: 'original',
    description: 'Termination message that this container must have left; empty: any.',
  }),
  setting('REPAIR_INIT_CONTAINER_EXIT_CODE', {
    kind: integer(0, 255),
    default: VALIDATION_EXIT_CODE,
    since: 'original',
    description: 'Exit code of this container that tells the missing redirection; 0: any.',
  }),
  setting('REPAIR_LABEL_SELECTORS', {
    kind: labelQuery,
    default: '',
    since: 'original',
    description: 'Only pods with these labels are looked at; empty: all.',
  }),
  setting('REPAIR_FIELD_SELECTORS', {
    kind: fieldQuery,
    default: '',
    since: 'original',
    description: 'Only pods with these fields are looked at; empty: all.',
  }),
] as const
