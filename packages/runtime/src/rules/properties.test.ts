import { ANNOTATION, PROXY_ENV } from '@istio-install-cni/config-schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decisionOf } from '../mesh/decision.ts'
import { PodManifestError } from '../mesh/errors.ts'
import { podFromManifest } from '../mesh/pod.ts'
import { sidecarPod } from '../mesh/pods.fixture.ts'
import { explain } from './explain.ts'
import { iptablesProgram } from './iptables.ts'
import { nftProgram } from './nft.ts'
import { sidecarRules } from './sidecar.ts'

const settings = { excludeNamespaces: [], podNamespace: 'istio-system' }

/** Values that are nearly right, made of right and hostile pieces. */
const pieces = [
  '80',
  '65535',
  '10.0.0.0/8',
  'fd00::/8',
  '127.0.0.1/32',
  'eth0',
  'k6t-net.1',
  ',',
  ',',
  ' ',
  '*',
  'REDIRECT',
]
const hostile = ['\n', '"', ';', '}', '-j DROP', '$(reboot)', '\0', '\\', '%s', '__proto__', '٣', '＊']
const value = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 5 }).map((parts) => parts.join('')),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('80,443', 'eth0,net1', '10.0.0.0/8,fd00::/8', '*', '', 'TPROXY', ' 80 '),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom(...pieces, ...hostile), { maxLength: 6 })
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)
const annotations = fc.dictionary(fc.constantFrom(...Object.values(ANNOTATION)), value, { maxKeys: 4 })
const env = fc.dictionary(
  fc.constantFrom(...Object.values(PROXY_ENV)),
  fc.oneof(fc.constantFrom('true', 'T', '0'), value),
)
const addresses = fc.constantFrom(['10.0.0.2'], ['fd00::2'], ['10.0.0.2/16', 'fd00::2/64'])

/** The whole language of what is handed to the tools: nothing else may come out of a pod. */
const word = '[A-Za-z0-9_.:/-]+'
const restoreLine = /^(\*(nat|mangle|raw)|:[A-Z_]+ - \[0:0\]|-A [A-Z_]+( !|( [A-Za-z0-9_.:/,-]+))+|COMMIT)$/
const nftRule = new RegExp(
  `^\\t\\t(type (nat|filter|route) hook (prerouting|output) priority -\\d+; policy accept;|(([io]ifname "[a-zA-Z][a-zA-Z0-9_.-]{0,14}"|!=|\\{ \\d+, \\d+ \\}|established,related|${word})( |$))+)$`,
)

describe('any pod', () => {
  it('is either understood or refused by an error that names what is wrong', () => {
    fc.assert(
      fc.property(annotations, env, (annotations, env) => {
        const decision = decisionOf(sidecarPod(annotations, env), settings)
        if (decision.mode !== 'refused') return
        for (const { annotation, value, expected } of decision.error.problems) {
          expect(annotations[annotation]).toBe(value)
          expect(expected).not.toBe('')
        }
        expect(decision.error.problems.length).toBeGreaterThan(0)
        expect(decision.error.message).not.toMatch(/\p{Cc}/u)
      }),
      { numRuns: 500 },
    )
  })

  it('that is redirected makes programs in which nothing but rules can be', () => {
    fc.assert(
      fc.property(annotations, env, addresses, (annotations, env, addresses) => {
        const decision = decisionOf(sidecarPod(annotations, env), settings)
        if (decision.mode !== 'sidecar') return
        const rules = sidecarRules(decision.redirection, addresses)
        for (const text of Object.values(iptablesProgram(rules).restore)) {
          for (const line of text.trimEnd().split('\n')) expect(line).toMatch(restoreLine)
        }
        for (const line of nftProgram(rules)
          .nft.split('\n')
          .filter((text) => text.startsWith('\t\t'))) {
          expect(line).toMatch(nftRule)
        }
        expect(explain(rules)).toMatch(/^Programmed for IPv4/)
      }),
      { numRuns: 500 },
    )
  })

  it('is read from any JSON, or refused by an error that names a field', () => {
    const key = fc.constantFrom(
      'metadata',
      'spec',
      'status',
      'name',
      'containers',
      'env',
      'value',
      'labels',
      'annotations',
      'args',
    )
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.dictionary(key, tie('node')),
        fc.array(tie('node')),
      ),
    }))
    fc.assert(
      fc.property(node, (manifest) => {
        try {
          podFromManifest(manifest)
        } catch (error) {
          expect(error).toBeInstanceOf(PodManifestError)
        }
      }),
      { numRuns: 200 },
    )
  })
})
