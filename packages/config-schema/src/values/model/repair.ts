import * as v from 'valibot'
import { defaultSettings } from '../../settings/table.ts'
import { section, value } from './row.ts'
import { flag, labelKey, labelValue, objectName } from './scalars.ts'

const agent = defaultSettings()

export const repair = section('Sidecar pods that started before the plugin was there.', {
  enabled: value(
    flag,
    agent.repairEnabled,
    'Look for sidecar pods that started before the plugin was there.',
  ),
  repairPods: value(
    flag,
    agent.repairRepairPods,
    'Redirect such pods in place. Goes before deleting, which goes before labelling.',
  ),
  deletePods: value(flag, agent.repairDeletePods, 'Delete such pods, so that they start anew.'),
  labelPods: value(flag, agent.repairLabelPods, 'Label such pods.'),
  brokenPodLabelKey: value(labelKey, agent.repairBrokenPodLabelKey, 'Key of the label for such pods.'),
  brokenPodLabelValue: value(
    labelValue,
    agent.repairBrokenPodLabelValue,
    'Value of the label for such pods.',
  ),
  initContainerName: value(
    objectName,
    agent.repairInitContainerName,
    'Init container that fails in such pods.',
  ),
  hub: value(v.unknown(), '', 'There is no image of its own for repairing.', { effect: 'none' }),
  tag: value(v.unknown(), '', 'There is no image of its own for repairing.', {
    effect: 'none',
  }),
  image: value(v.unknown(), '', 'There is no image of its own for repairing.', { effect: 'none' }),
  createEvents: value(v.unknown(), '', 'Events are always written.', { effect: 'none' }),
})
