/** What the original takes and we have no use for: accepted, so that its users' manifests keep working. */
export const WITHOUT_EFFECT = {
  flags: {
    'ctrlz-address': 'there is no ControlZ server',
    'ctrlz-port': 'there is no ControlZ server',
    'log-caller': 'log lines carry no source position',
    'log-stacktrace-level': 'errors always carry their stack',
    'log-target': 'logs go to standard output',
  },
  variables: {
    GOMEMLIMIT: 'there is no Go runtime to limit',
    REPAIR_RUN_AS_DAEMON: 'repair always runs as long as the agent',
  },
} as const
