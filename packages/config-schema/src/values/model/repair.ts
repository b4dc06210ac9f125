import * as v from 'valibot'
import { defaultSettings } from '../../settings/table.ts'
import { section, value } from './row.ts'
import { flag, labelKey, labelValue, line, objectName } from './scalars.ts'

const agent = defaultSettings()

export const repair = section('Sidecar pods that started before the plugin was there.', {
  enabled: value(flag, agent.repairEnabled, 'Look for them.'),
  repairPods: value(
    flag,
    agent.repairRepairPods,
    'Redirect them in place. Goes before deleting, which goes before labelling.',
  ),
  deletePods: value(flag, agent.repairDeletePods, 'Delete them, so that they start anew.'),
  labelPods: value(flag, agent.repairLabelPods, 'Label them.'),
  brokenPodLabelKey: value(labelKey, agent.repairBrokenPodLabelKey, 'Key of that label.'),
  brokenPodLabelValue: value(labelValue, agent.repairBrokenPodLabelValue, 'Value of that label.'),
  initContainerName: value(
    objectName,
    agent.repairInitContainerName,
    'Init container that fails in a pod without redirection.',
  ),
  hub: value(line, '', 'There is no image of its own for repairing.', { effect: 'none' }),
  tag: value(v.union([line, v.number()]), '', 'There is no image of its own for repairing.', {
    effect: 'none',
  }),
  image: value(v.unknown(), '', 'There is no image of its own for repairing.', { effect: 'none' }),
  createEvents: value(v.unknown(), '', 'Events are always written.', { effect: 'none' }),
})
