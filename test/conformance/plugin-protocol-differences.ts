// Where our plugin answers otherwise than the recorded original, on purpose.

/** The recorded CNI code is 999, "internal", for nearly everything; these are the specification's. */
export const SPECIFIED_CODES: Readonly<Record<string, number>> = {
  'add-0.1.0-first-in-chain': 7,
  'add-0.2.0-first-in-chain': 7,
  'netns-missing-file': 4,
  'netns-no-namespace': 4,
  'wrong-type-exclude-namespaces': 7,
  'wrong-type-ambient-enabled': 7,
  'previous-result-no-object': 7,
  'previous-result-bad-address': 7,
  'arguments-unknown-without-ignore': 4,
  'arguments-no-pairs': 4,
  'own-pod-name-other-namespace': 11,
  'own-namespace-other-pod': 11,
  'no-kubeconfig': 11,
  'pod-unknown-to-the-api': 11,
  'ambient-agent-absent': 11,
  'ambient-agent-says-500': 11,
  'ambient-agent-says-503-empty': 11,
  'ambient-agent-garbage': 11,
  'ambient-agent-closes': 11,
  'ambient-agent-hangs-60s': 11,
  'ambient-bad-selector-retry': 7,
  'ambient-unknown-pod': 11,
}

export interface Difference {
  readonly because: string
  readonly exit: 0 | 1
  /** Of a failure. */
  readonly code?: number
  /** Of a success: what is printed; `previous` is the configuration's prevResult as it is. */
  readonly result?: 'previous' | object
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'add-unknown-keys-in-previous-result': {
    because: 'unknown keys of a previous result belong to somebody: they are passed on',
    exit: 0,
    result: 'previous',
  },
  'previous-result-other-version': {
    because: 'a result in another version than the configured one is converted as far as the versions allow',
    exit: 0,
    result: {
      cniVersion: '0.4.0',
      interfaces: [
        { name: 'cni0', mac: '02:00:00:00:00:01' },
        { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/var/run/netns/pod' },
      ],
      ips: [{ version: '4', address: '10.77.0.2/16', gateway: '10.77.255.254', interface: 1 }],
      routes: [{ dst: '0.0.0.0/0' }],
      dns: {},
    },
  },
  'excluded-namespace-run-dir-missing': {
    because: 'exempt pods pass without agent and credentials',
    exit: 0,
    result: 'previous',
  },
  'ambient-bad-selector': {
    because: 'a selector that cannot be used must not let a pod start outside the mesh',
    exit: 1,
    code: 7,
  },
}

/**
 * The original decides by the API server, which these recordings had; ours asks the agent. So where the
 * recording has no agent, the test has one that says what the API server would have led to, except here.
 */
export const REALLY_WITHOUT_AGENT: readonly string[] = ['ambient-agent-absent']

/** Pods that the recorded API server did not know. */
export const UNKNOWN_POD = 'nobody'
