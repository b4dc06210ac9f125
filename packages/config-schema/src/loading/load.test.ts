import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SettingProblem, SettingsError } from '../errors.ts'
import { defaultSettings, settings as table } from '../settings/table.ts'
import type { Environment } from './environment.ts'
import { type LoadedSettings, loadSettings } from './load.ts'

function load(
  env: Environment,
  argv: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): LoadedSettings {
  const readFile = (path: string): string => {
    const content = files[path]
    if (content === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`)
    return content
  }
  return loadSettings({ env, argv, readFile })
}

function problemsOf(...given: Parameters<typeof load>): readonly SettingProblem[] {
  try {
    load(...given)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
  return []
}

describe('loadSettings', () => {
  it('gives the defaults when nothing is set', () => {
    const loaded = load({ PATH: '/bin', HOME: '/', HOSTNAME: 'istio-cni-node-x7zv2' })
    expect(loaded.settings).toEqual(defaultSettings())
    expect(loaded.sources.logLevel).toEqual({ from: 'default' })
    expect(loaded.warnings).toEqual([])
  })

  it('takes the original DaemonSet as it is, without a warning', () => {
    const { settings, warnings } = load(
      {
        CURRENT_AGENT_VERSION: '1.30.3-debian13',
        AMBIENT_ENABLED: 'true',
        AMBIENT_ENABLEMENT_SELECTOR:
          '- podSelector:\n    matchLabels:\n      istio.io/dataplane-mode: ambient\n',
        AMBIENT_DNS_CAPTURE: 'true',
        AMBIENT_IPV6: 'false',
        ISTIO_OWNED_CNI_CONFIG: 'true',
        ISTIO_OWNED_CNI_CONF_FILENAME: '',
        CHAINED_CNI_PLUGIN: 'true',
        EXCLUDE_NAMESPACES: 'kube-system,monitoring',
        REPAIR_RUN_AS_DAEMON: 'true',
        GOMEMLIMIT: '0',
        ALLOW_SWITCH_TO_HOST_NS: 'true',
        KUBERNETES_SERVICE_PORT_HTTPS: '443',
        KUBERNETES_PORT: 'tcp://10.96.0.1:443',
      },
      ['--log_output_level=info', '--log_as_json'],
    )
    expect(warnings).toEqual([])
    expect(settings).toMatchObject({
      ambientEnabled: true,
      ambientIpv6: false,
      ambientEnablementSelector: [
        { podSelector: { matchLabels: { 'istio.io/dataplane-mode': 'ambient' } }, namespaceSelector: {} },
      ],
      istioOwnedCniConfigFilename: '02-istio-cni.conflist',
      excludeNamespaces: ['kube-system', 'monitoring'],
      logAsJson: true,
    })
  })

  it('prefers a flag to a variable and a variable to the default', () => {
    const both = load({ CNI_CONF_NAME: 'a.conf' }, ['--cni-conf-name', 'b.conf'])
    expect(both.settings.cniConfName).toBe('b.conf')
    expect(both.sources.cniConfName).toEqual({ from: 'flag', name: '--cni-conf-name' })
    const variable = load({ CNI_CONF_NAME: 'a.conf' })
    expect(variable.settings.cniConfName).toBe('a.conf')
    expect(variable.sources.cniConfName).toEqual({ from: 'env', name: 'CNI_CONF_NAME' })
  })

  it('reads a value from the file that a variable or a flag names', () => {
    const files = { '/run/name': '10-a.conflist\n' }
    expect(load({ CNI_CONF_NAME_FILE: '/run/name' }, [], files).settings.cniConfName).toBe('10-a.conflist')
    const flag = load({ CNI_CONF_NAME: 'x.conf' }, ['--cni_conf_name_file=/run/name'], files)
    expect(flag.settings.cniConfName).toBe('10-a.conflist')
    expect(flag.sources.cniConfName).toEqual({ from: 'file', name: '--cni-conf-name-file' })
  })

  it('takes CNI_NETWORK_CONFIG_FILE as the original means it', () => {
    const files = { '/template': '{"type": "istio-cni"}\n' }
    expect(load({ CNI_NETWORK_CONFIG_FILE: '/template' }, [], files).settings.cniNetworkConfig).toBe(
      '{"type": "istio-cni"}',
    )
  })

  it('refuses a value and its file at once', () => {
    expect(problemsOf({ LOG_LEVEL: 'info', LOG_LEVEL_FILE: '/level' })).toEqual([
      { setting: 'LOG_LEVEL and LOG_LEVEL_FILE', expectation: 'only one of the two' },
    ])
  })

  it('takes flags with underscores, with and without equals sign, and the last of a repeated one', () => {
    const argv = ['--cni_net_dir=/my_nets', '--cni-bin-dir', '/a', '--cni-bin-dir=/b=c', '--ambient_enabled']
    expect(load({}, argv).settings).toMatchObject({
      cniNetDir: '/my_nets',
      cniBinDir: '/b=c',
      ambientEnabled: true,
    })
    expect(load({ AMBIENT_ENABLED: 'true' }, ['--ambient-enabled=false']).settings.ambientEnabled).toBe(false)
  })

  it('takes an empty text as a value for strings and lists, as the default for others', () => {
    const { settings, sources } = load({ EXCLUDE_NAMESPACES: '', MONITORING_PORT: '', AMBIENT_ENABLED: ' ' })
    expect(settings).toMatchObject({ excludeNamespaces: [], monitoringPort: 15014, ambientEnabled: false })
    expect(sources.monitoringPort).toEqual({ from: 'default' })
  })

  it('takes the original name of a setting for ours', () => {
    expect(load({ AMBIENT_DISABLE_SAFE_UPGRADE: 'true' }).settings.uninstallOnStop).toBe(true)
    expect(load({}, ['--ambient-disable-safe-upgrade']).settings.uninstallOnStop).toBe(true)
    const names = {
      ISTIO_OWNED_CNI_CONF_FILENAME: 'a.conflist',
      ISTIO_OWNED_CNI_CONFIG_FILENAME: 'b.conflist',
    }
    expect(load(names).settings.istioOwnedCniConfigFilename).toBe('b.conflist')
  })

  it("finds its namespace in the pod's ServiceAccount", () => {
    const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
    const loaded = load({}, [], { [file]: 'mesh' })
    expect(loaded.settings.podNamespace).toBe('mesh')
    expect(loaded.sources.podNamespace).toEqual({ from: 'file', name: file })
    expect(load({ POD_NAMESPACE: 'other' }, [], { [file]: 'mesh' }).settings.podNamespace).toBe('other')
  })

  it('gives words, --help and --version as the command', () => {
    expect(load({}, ['check', '--log-level=debug', 'pod']).command).toEqual(['check', 'pod'])
    expect(load({}, ['-h']).command).toEqual(['help'])
    expect(load({}, ['--version']).command).toEqual(['version'])
    expect(load({}, ['doctor', '--', '--fix']).command).toEqual(['doctor', '--fix'])
  })

  it('reports every problem at once, with value, expectation and what was meant', () => {
    const env = {
      AMBIENT_ENABLED: 'maybe',
      KUBECONFIG_MODE: '600',
      LOG_LEVEL: 'wran',
      CNI_NET_DIR_FILE: '/no',
      CNI_NETWORK_CONFIG: '{"plugin_log_level": "loud"}',
    }
    const problems = problemsOf(env, ['--cni-conf-nam=x', '--cni-bin-dir', '--monitoring-port=99999'])
    expect(problems).toEqual(
      expect.arrayContaining([
        { setting: '--cni-conf-nam', expectation: 'a known flag', suggestion: '--cni-conf-name' },
        { setting: 'KUBECONFIG_MODE', value: '600', expectation: expect.any(String), suggestion: '0600' },
        { setting: 'LOG_LEVEL', value: 'wran', expectation: expect.any(String), suggestion: 'warn' },
        { setting: 'AMBIENT_ENABLED', value: 'maybe', expectation: expect.stringContaining('true') },
        { setting: 'CNI_NET_DIR_FILE', value: '/no', expectation: expect.stringContaining('ENOENT') },
        { setting: '--monitoring-port', value: '99999', expectation: 'a whole number from 0 to 65535' },
        { setting: 'CNI_NETWORK_CONFIG', expectation: expect.stringContaining('plugin_log_level') },
      ]),
    )
  })

  it('tells all of it in the message', () => {
    expect(() => load({ LOG_LEVEL: 'wran', AMBIENT_IPV6: 'x'.repeat(300) })).toThrow(
      /^settings cannot be used:\n {2}LOG_LEVEL="wran": expected one of .*; did you mean warn\?\n {2}AMBIENT_IPV6="x+… \(302 characters\): /,
    )
  })

  it('refuses a flag that swallows the next one', () => {
    expect(problemsOf({}, ['--cni-conf-name', '--ambient-enabled'])).toEqual([
      { setting: '--cni-conf-name', expectation: 'a value: --cni-conf-name=VALUE' },
    ])
  })

  it('refuses the value of a boolean flag without equals sign, which would be taken for a command', () => {
    expect(problemsOf({}, ['--ambient-enabled', 'false'])).toMatchObject([
      { setting: '--ambient-enabled', suggestion: '--ambient-enabled=false' },
    ])
  })

  it('never shows the content of a file nor of CNI_NETWORK_CONFIG', () => {
    const token = 'eyJhbGciOi'
    const files = { '/var/run/secrets/token': token }
    const env = { AMBIENT_ENABLED_FILE: '/var/run/secrets/token', CNI_NETWORK_CONFIG: 'x'.repeat(70_000) }
    const problems = problemsOf(env, ['--kubeconfig=eyJ'], files)
    expect(problems).toHaveLength(3)
    expect(JSON.stringify(problems)).not.toMatch(/eyJ|xxx/)
    expect(JSON.stringify(problemsOf({ CNI_NETWORK_CONFIG: `{"token": "${token}",}` }))).not.toContain(token)
  })

  it('warns of variables that nearly have the name of a setting', () => {
    expect(load({ CNI_CONF_NAM: 'x', NODENAME: 'y', CNI_NET_DIRS_FILE: '/z' }).warnings).toEqual([
      'CNI_CONF_NAM is no setting; did you mean CNI_CONF_NAME?',
      'NODENAME is no setting; did you mean NODE_NAME?',
      'CNI_NET_DIRS_FILE is no setting; did you mean CNI_NET_DIR_FILE?',
    ])
  })

  it("ignores Kubernetes' variables of a Service that is called like a port", () => {
    const { settings, warnings } = load({ HEALTH_PORT: 'tcp://10.96.0.7:80' })
    expect(settings.healthPort).toBe(8000)
    expect(warnings).toEqual([expect.stringContaining('HEALTH_PORT was set by Kubernetes')])
    expect(problemsOf({}, ['--health-port=tcp://10.96.0.7:80'])).toHaveLength(1)
  })

  it("accepts the original's flags that have no use here, with a warning", () => {
    expect(load({}, ['--ctrlz_port=9876', '--log_target', 'stdout']).warnings).toHaveLength(2)
  })

  it('refuses a selector that cannot be used', () => {
    const selector = '- podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}'
    expect(problemsOf({ AMBIENT_ENABLEMENT_SELECTOR: selector })).toEqual([
      {
        setting: 'AMBIENT_ENABLEMENT_SELECTOR',
        value: selector,
        expectation: 'one of In, NotIn, Exists, DoesNotExist at [0].podSelector.matchExpressions[0].operator',
        suggestion: 'In',
      },
    ])
  })

  it('refuses a template when it is loaded, under the name that the user gave', () => {
    expect(problemsOf({ CNI_NETWORK_CONFIG_FILE: '/t' }, [], { '/t': '{"type": "bridge"}' })).toEqual([
      { setting: 'CNI_NETWORK_CONFIG_FILE', expectation: '"type": "istio-cni"' },
    ])
  })

  it('never throws anything but a SettingsError, whatever it is given', () => {
    const known = table.flatMap((row) => [row.env, `${row.env}_FILE`])
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'true', '0600', '[]', '{}', '{"a":', '- &a', '__LOG_LEVEL__', '!!js/function x'),
      fc.json(),
    )
    const names = fc.oneof(fc.constantFrom(...known), fc.string())
    const flags = fc
      .tuple(fc.constantFrom('', '-', '--'), fc.oneof(fc.constantFrom(...known), fc.string()), texts)
      .chain(([dashes, name, value]) =>
        fc.constantFrom(`${dashes}${name.toLowerCase()}=${value}`, `${dashes}${name.toLowerCase()}`, value),
      )
    fc.assert(
      fc.property(
        fc.dictionary(names, texts),
        fc.array(flags, { maxLength: 6 }),
        texts,
        (env, argv, content) => {
          try {
            loadSettings({ env, argv, readFile: () => content })
          } catch (error) {
            expect(error).toBeInstanceOf(SettingsError)
          }
        },
      ),
      { numRuns: 150 },
    )
    // Random texts take their time on a machine that has others to run too.
  }, 30_000)
})
