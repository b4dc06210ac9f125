import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { anyFile } from './arbitrary.fixture.ts'
import { ValuesError } from './errors.ts'
import { parseValues } from './parse.ts'

// Random values take their time on a machine that has others to run too.
vi.setConfig({ testTimeout: 30_000 })

function problemsOf(given: unknown): Record<string, string> {
  try {
    parseValues(given)
    return {}
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    const entries = error.problems.map(({ path, expectation, suggestion }) => [
      path,
      suggestion ?? expectation,
    ])
    return Object.fromEntries(entries)
  }
}

const SELECTORS = 'ambient.enablementSelectors[0].podSelector.matchExpressions'
const selecting = (requirement: object) => ({
  ambient: { enablementSelectors: [{ podSelector: { matchExpressions: [requirement] } }] },
})

describe('parseValues', () => {
  it('takes whatever the model allows, as it is', () => {
    fc.assert(
      fc.property(anyFile(), (input) => {
        expect(parseValues(input)).toBe(input)
      }),
      { numRuns: 30 },
    )
  })

  it('never throws anything but a ValuesError, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        fc.constantFrom(
          'hub',
          'cni',
          'global',
          'podLabels',
          'tolerations',
          'affinity',
          'pilot',
          'healthPort',
        ),
        (given, key) => {
          problemsOf(given)
          problemsOf({ [key]: given })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('takes what istioctl hands to every chart', () => {
    const handed = {
      cni: { enabled: true, image: 'dhi.io/istio-install-cni:1.30.3' },
      defaultRevision: '',
      gateways: { 'istio-ingressgateway': {}, 'istio-egressgateway': {} },
      global: {
        configValidation: true,
        hub: 'registry.istio.io/testing',
        tag: 'latest',
        istioNamespace: 'istio-system',
      },
      meshConfig: { accessLogFile: '/dev/stdout' },
      pilot: { enabled: true, cni: { enabled: true } },
      profile: 'ambient',
      revision: 'canary',
      ztunnel: { resourceName: 'ztunnel' },
    }
    expect(problemsOf(handed)).toEqual({})
  })

  it('names every problem and what was probably meant', () => {
    const given = {
      cniBindir: '/x',
      dnsCapture: true,
      imagePullPolicy: 'Always',
      platform: 'gek',
      ambient: { enabld: true },
      cni: { imagePullSecret: ['a'], cniBinDir: 1 },
      global: { imagePullSecret: ['a'], image: 'x' },
    }
    expect(problemsOf(given)).toEqual({
      cniBindir: 'cniBinDir',
      dnsCapture: 'ambient.dnsCapture',
      imagePullPolicy: 'pullPolicy',
      platform: 'gke',
      'ambient.enabld': 'ambient.enabled',
      'cni.imagePullSecret': 'cni.imagePullSecrets',
      'cni.cniBinDir': 'an absolute path without ".."',
      'global.imagePullSecret': 'global.imagePullSecrets',
      'global.image': 'image',
    })
  })

  it('takes a toleration of every taint in each of its spellings', () => {
    expect(problemsOf({ tolerations: [{ operator: 'Exists' }, { key: '', operator: 'Exists' }] })).toEqual({})
  })

  it('says how an image is written to those who write it as an object', () => {
    const given = { image: { repository: 'dhi.io/istio-install-cni', tag: '1.30.3' } }
    expect(() => parseValues(given)).toThrow('a whole reference such as dhi.io/istio-install-cni:1.30.3')
  })

  it.each([
    ['a number where a text belongs', { tag: 1.3 }, 'tag'],
    ['a boolean as a label', { podLabels: { a: true } }, 'podLabels.a'],
    ['a list for a map', { podLabels: ['a'] }, 'podLabels'],
    ['a list for an object', { affinity: [] }, 'affinity'],
    [
      'two agents on a node',
      { updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      'updateStrategy.rollingUpdate.maxSurge',
    ],
    ['a toleration that is none', { tolerations: [{ operator: 'Exits' }] }, 'tolerations[0].operator'],
    ['a condition without values', selecting({ key: 'a', operator: 'In' }), `${SELECTORS}[0]`],
    ['a port that needs a right which the agent drops', { healthPort: 80 }, 'healthPort'],
    [
      'too little time to leave a node',
      { terminationGracePeriodSeconds: 5 },
      'terminationGracePeriodSeconds',
    ],
    ['a path that leaves its directory', { cniBinDir: '/opt/../etc' }, 'cniBinDir'],
    ['defaults in their former place', { defaults: { hub: 'x' } }, 'defaults'],
    ['shared values under cni', { cni: { global: { hub: 'x' } } }, 'cni.global'],
    ['no object at all', [], 'the values'],
  ])('refuses %s', (_, given, path) => {
    expect(Object.keys(problemsOf(given))).toEqual([path])
  })

  it.each([
    ['an environment variable', { env: { TOKEN: ['hunter2'] }, cni: { env: 'hunter2' } }],
    ['a login in place of the name of a pull secret', { imagePullSecrets: [{ password: 'hunter2' }] }],
    ['a login in place of names of pull secrets', { global: { imagePullSecrets: { password: 'hunter2' } } }],
    [
      'what is in an instance of some class',
      {
        cni: {
          image: new (class Login {
            password = 'hunter2'
          })(),
        },
      },
    ],
  ])('never shows %s', (_, given) => {
    let thrown: unknown
    try {
      parseValues(given)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ValuesError)
    expect(inspect(thrown, { depth: 10 })).not.toContain('hunter2')
  })

  const circle: Record<string, unknown> = {}
  circle.again = circle

  it.each([
    ['a value of later', { cniBinDir: new (class Lazy {})() }, 'cniBinDir', 'not an instance of Lazy'],
    [
      'a value of later where anything goes',
      { affinity: { nodeAffinity: { a: new (class Lazy {})() } } },
      'affinity.nodeAffinity.a',
      'not an instance of Lazy',
    ],
    ['a map that is no object', { podLabels: new Map() }, 'podLabels', 'not an instance of Map'],
    ['a function', { pilot: [{ a: () => 1 }] }, 'pilot[0].a', 'not a function'],
    [
      'a circle',
      { affinity: { nodeAffinity: circle } },
      `affinity.nodeAffinity${'.again'.repeat(63)}`,
      '64 levels',
    ],
    [
      'a number that JSON has not',
      { affinity: { podAffinity: { weight: Number.NaN } } },
      'affinity.podAffinity.weight',
      'a finite number',
    ],
    [
      'a name that would be lost',
      JSON.parse('{"podLabels": {"__proto__": "a"}}'),
      'podLabels.__proto__',
      'another name',
    ],
  ])('refuses %s, which would be lost or written as it looks inside', (_, given, path, expectation) => {
    expect(problemsOf(given)).toEqual({ [path]: expect.stringContaining(expectation) })
  })

  it('tells what JSON has no word for', () => {
    expect(() => parseValues({ healthPort: 8000n, monitoringPort: Number.NaN })).toThrow(
      /healthPort: .*not a bigint\n {2}monitoringPort: /,
    )
  })
})
