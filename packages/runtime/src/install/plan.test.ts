import { describe, expect, it } from 'vitest'
import type { JsonDocument } from './json.ts'
import { planOf } from './plan.ts'
import type { ConfigFile } from './select.ts'
import type { Plan, PlanSettings, Step } from './wanted.ts'

const entry: JsonDocument = { name: 'istio-cni', type: 'istio-cni', ambient_enabled: false }
const bridge: JsonDocument = { type: 'bridge', bridge: 'cni0' }
const list: JsonDocument = { cniVersion: '1.0.0', name: 'pods', plugins: [bridge] }
const installed: JsonDocument = { ...list, plugins: [bridge, entry] }
const single: JsonDocument = { cniVersion: '0.3.1', name: 'pods', ...bridge }

const chained: PlanSettings = {
  chainedCniPlugin: true,
  cniConfName: '',
  istioOwnedCniConfig: false,
  istioOwnedCniConfigFilename: '02-istio-cni.conflist',
  cniConfGroupRead: false,
}
const owned: PlanSettings = { ...chained, istioOwnedCniConfig: true }
const standalone: PlanSettings = { ...chained, chainedCniPlugin: false }

function file(name: string, content: JsonDocument | string, mode = 0o644): ConfigFile {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const version = { path: `/net/${name}`, inode: 1n, size: 1n, modifiedNs: 1n, mode, uid: 0, gid: 0 }
  return { name, text, version }
}

function link(name: string): ConfigFile {
  return { name, problem: 'it is a symbolic link to /elsewhere, outside the directory', symlinkOutside: true }
}

function plan(files: ConfigFile[], settings: PlanSettings = chained, network?: string): Plan {
  return planOf({ files, settings, entry, network })
}

/** `10-pods.conflist 644 {…}` or `-10-pods.conf`, to compare a plan at a glance. */
function steps(made: Plan): unknown {
  if (made.outcome === 'wait') return `wait: ${made.reason}`
  if (made.outcome === 'refuse') return made.error.code
  return made.steps.map((step: Step) =>
    step.act === 'delete' ? `-${step.name}` : [step.name, step.mode.toString(8), JSON.parse(step.text)],
  )
}

describe('chained', () => {
  it('inserts our plugin into the first list and keeps its mode', () => {
    expect(steps(plan([file('20-b.conflist', list), file('10-a.conflist', list, 0o640)]))).toEqual([
      ['10-a.conflist', '640', installed],
    ])
  })

  it('has nothing to do when our plugin is there as wanted', () => {
    expect(steps(plan([file('10-a.conflist', installed)]))).toEqual([])
  })

  it('keeps the indentation of the file', () => {
    const made = plan([file('10-a.conflist', JSON.stringify(list, null, '\t'))])
    expect(made.outcome === 'install' && made.steps[0]).toMatchObject({
      text: expect.stringContaining('\n\t"name"'),
    })
  })

  it.each([
    ['05-broken.conflist', '{', 'not valid JSON'],
    ['05-empty.conf', '', 'empty'],
    ['05-none.conflist', { ...list, plugins: [] }, 'no "plugins"'],
    ['05-noname.conflist', { plugins: [bridge] }, 'no "name"'],
    ['05-list.conf', list, 'a list belongs into a file named .conflist'],
    ['05-notype.conflist', { ...list, plugins: [{}] }, 'plugin 0'],
    ['05-text.conflist', { ...list, plugins: ['bridge'] }, 'plugin 0 of the list is no object'],
    ['05-ipam.conflist', { ...list, plugins: [{ ...bridge, ipam: 'dhcp' }] }, 'plugin 0 of the list: "ipam"'],
    ['05-ipamtype.conf', { ...single, ipam: { type: 1 } }, '"ipam.type" is no string'],
    ['05-dns.conf', { ...single, dns: [] }, '"dns" is no object'],
    ['05-caps.conflist', { ...list, plugins: [{ ...bridge, capabilities: { mac: 'yes' } }] }, 'capabilities'],
    ['05-names.conflist', { ...list, plugins: [bridge, { type: 'tuning', name: 7 }] }, 'plugin 1 .* "name"'],
    ['05-check.conflist', { ...list, disableCheck: 1 }, 'disableCheck'],
    ['05-list.json', list, 'a list belongs'],
    ['05-array.conf', '[]', 'not a JSON object'],
  ])('skips %s as libcni would, and says why', (name, content, why) => {
    const made = plan([file(name, content), file('10-a.conflist', list)])
    expect(made.outcome === 'install' && made.target).toBe('10-a.conflist')
    expect(made.notes).toEqual([expect.stringMatching(new RegExp(`^skipped ${name}: .*${why}`))])
  })

  it('says in one line what is not JSON', () => {
    const made = plan([file('05-bom.conflist', '\ufeff{\n"name":\n"x"}'), file('10-a.conflist', list)])
    expect(made.notes).toEqual([expect.stringMatching(/^skipped 05-bom.conflist: not valid JSON .*$/)])
    expect(made.notes[0]).not.toMatch(/\n/)
  })

  it.each(['01-readme.txt', '02-x.conflist.bak', 'conflist', '03.conflist~'])(
    'does not look at %s',
    (name) => {
      const made = plan([file(name, list), file('10-a.conflist', list)])
      expect(made.outcome === 'install' && made.target).toBe('10-a.conflist')
      expect(made.notes).toEqual([])
    },
  )

  it.each(['conf', 'json'])('turns a .%s into a list before it removes the file', (extension) => {
    const made = steps(plan([file(`10-pods.${extension}`, single, 0o600)]))
    const conflist = {
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [{ name: 'pods', ...bridge }, entry],
    }
    expect(made).toEqual([['10-pods.conflist', '600', conflist], `-10-pods.${extension}`])
  })

  it('finishes a conversion that was interrupted', () => {
    const conflist = {
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [{ name: 'pods', ...bridge }, entry],
    }
    const files = [file('10-pods.conf', single), file('10-pods.conflist', conflist)]
    expect(steps(plan(files))).toEqual(['-10-pods.conf'])
  })

  it('converts again when the owner of the file has written it anew', () => {
    const conflist = {
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [{ name: 'pods', ...bridge }, entry],
    }
    const files = [file('10-pods.conf', { ...single, mtu: 1400 }), file('10-pods.conflist', conflist)]
    expect(steps(plan(files, chained, '10-pods'))).toMatchObject([
      ['10-pods.conflist', '644', { plugins: [{ mtu: 1400 }, entry] }],
      '-10-pods.conf',
    ])
  })

  it('never replaces a list of somebody else by a conversion', () => {
    expect(steps(plan([file('10-pods.conf', single), file('10-pods.conflist', list)]))).toBe('NAME_TAKEN')
  })

  it('waits while there is no configuration, and when there is only the loopback interface', () => {
    expect(steps(plan([]))).toBe('wait: no network configuration yet')
    expect(
      steps(plan([file('99-loopback.conf', { cniVersion: '0.3.1', name: 'lo', type: 'loopback' })])),
    ).toBe('wait: no network configuration yet')
  })

  it('refuses a primary that is a link out of the directory, not one that sorts after it', () => {
    expect(steps(plan([link('05-a.conflist'), file('10-a.conflist', list)]))).toBe('SYMLINK_OUTSIDE')
    expect(steps(plan([file('10-a.conflist', list), link('20-b.conflist')]))).toHaveLength(1)
  })

  it('stays with the network that it chained into, and tells of the file that comes before', () => {
    const files = [file('05-new.conflist', list), file('10-pods.conflist', installed)]
    expect(plan(files, chained, '10-pods')).toMatchObject({
      target: '10-pods.conflist',
      steps: [],
      preemptedBy: '05-new.conflist',
    })
  })

  it('is not misled by the files of our other modes, and removes them', () => {
    const files = [
      file('02-istio-cni.conflist', installed),
      file('10-pods.conflist', list),
      file('YYY-istio-cni.conf', { cniVersion: '0.3.1', ...entry }),
    ]
    const expected = [['10-pods.conflist', '644', installed], '-02-istio-cni.conflist', '-YYY-istio-cni.conf']
    expect(steps(plan(files))).toEqual(expected)
    expect(steps(plan(files, { ...chained, istioOwnedCniConfigFilename: '00-own.conflist' }))).toEqual(
      expected,
    )
    expect(steps(plan([files[2] as ConfigFile]))).toBe('wait: no network configuration yet')
  })

  it('keeps the left-over copy while there is no other configuration', () => {
    expect(steps(plan([file('02-istio-cni.conflist', installed)]))).toBe('wait: no network configuration yet')
  })
})

describe('chained into the file named by CNI_CONF_NAME', () => {
  const named = { ...chained, cniConfName: '20-b.conflist' }

  it('takes that file although another comes first', () => {
    const made = plan([file('10-a.conflist', list), file('20-b.conflist', list)], named)
    expect(made).toMatchObject({ target: '20-b.conflist', preemptedBy: '10-a.conflist' })
  })

  it('waits for it', () => {
    expect(steps(plan([file('10-a.conflist', list)], named))).toMatch(/20-b.conflist.*is not there yet/)
  })

  it('takes it with its other extension', () => {
    expect(plan([file('20-b.conf', single)], named)).toMatchObject({ target: '20-b.conflist' })
    expect(plan([file('20-b.conflist', list)], { ...chained, cniConfName: '20-b.conf' })).toMatchObject({
      target: '20-b.conflist',
    })
  })

  it('says what is wrong with it', () => {
    expect(steps(plan([file('20-b.conflist', '{')], named))).toMatch(/20-b.conflist.*not valid JSON/)
    expect(steps(plan([link('20-b.conflist')], named))).toBe('SYMLINK_OUTSIDE')
  })
})

describe('owned', () => {
  it('copies the primary with our plugin, readable for root only, and leaves the primary alone', () => {
    expect(steps(plan([file('10-pods.conflist', list)], owned))).toEqual([
      ['02-istio-cni.conflist', '600', installed],
    ])
    const readable = { ...owned, cniConfGroupRead: true }
    expect(steps(plan([file('10-pods.conflist', list)], readable))).toMatchObject([
      ['02-istio-cni.conflist', '640', {}],
    ])
  })

  it('follows the primary', () => {
    const files = [
      file('02-istio-cni.conflist', installed, 0o600),
      file('10-pods.conflist', { ...list, plugins: [{ ...bridge, mtu: 1400 }] }),
    ]
    expect(steps(plan(files, owned))).toMatchObject([
      ['02-istio-cni.conflist', '600', { plugins: [{ mtu: 1400 }, {}] }],
    ])
    expect(
      steps(plan([file('02-istio-cni.conflist', installed), file('10-pods.conflist', list)], owned)),
    ).toEqual([])
  })

  it('names the network that it copies, and a file that may be one to come', () => {
    const files = [file('05-half.conflist', '{"name": "po'), file('10-pods.conflist', list)]
    expect(plan(files, owned)).toMatchObject({ network: '10-pods', doubtful: '05-half.conflist' })
  })

  it('copies a single configuration as a list', () => {
    expect(steps(plan([file('10-pods.conf', single)], owned))).toMatchObject([
      ['02-istio-cni.conflist', '600', { name: 'k8s-pod-network', plugins: [{ name: 'pods' }, entry] }],
    ])
  })

  it('does not copy our plugin twice from a primary that has it', () => {
    expect(steps(plan([file('10-pods.conflist', installed)], owned))).toEqual([
      ['02-istio-cni.conflist', '600', installed],
    ])
  })

  it('removes the copy that it had under its usual name, instead of copying that', () => {
    const files = [
      file('02-istio-cni.conflist', installed),
      file('10-pods.conflist', list),
      file('YYY-istio-cni.conf', { cniVersion: '0.3.1', ...entry }),
    ]
    const renamed = { ...owned, istioOwnedCniConfigFilename: '00-own.conflist' }
    const made = plan(files, renamed)
    expect(made).toMatchObject({ network: '10-pods' })
    expect(steps(made)).toEqual([
      ['00-own.conflist', '600', installed],
      '-02-istio-cni.conflist',
      '-YYY-istio-cni.conf',
    ])
  })

  it('waits for a primary', () => {
    expect(steps(plan([], owned))).toBe('wait: no network configuration yet')
    expect(steps(plan([file('02-istio-cni.conflist', installed)], owned))).toBe(
      'wait: no network configuration yet',
    )
  })

  it('refuses a name that sorts after the primary', () => {
    const late = { ...owned, istioOwnedCniConfigFilename: '50-own.conflist' }
    expect(steps(plan([file('10-pods.conflist', list)], late))).toBe('OWNED_SORTS_AFTER')
  })

  it('refuses a name that another file has, unless no runtime could load that file', () => {
    const same = { ...owned, istioOwnedCniConfigFilename: '10-pods.conflist' }
    expect(steps(plan([file('10-pods.conflist', list)], same))).toBe('NAME_TAKEN')
    const files = [file('02-istio-cni.conflist', ''), file('10-pods.conflist', list)]
    expect(steps(plan(files, owned))).toMatchObject([['02-istio-cni.conflist', '644', installed]])
  })

  it('refuses a name that no list can have', () => {
    const conf = { ...owned, istioOwnedCniConfigFilename: '02-own.conf' }
    expect(steps(plan([file('10-pods.conflist', list)], conf))).toBe('NAME_TAKEN')
  })
})

describe('standalone', () => {
  it('writes a configuration of its own and needs no other', () => {
    expect(steps(plan([], standalone))).toEqual([
      ['YYY-istio-cni.conf', '600', { cniVersion: '0.3.1', ...entry }],
    ])
  })

  it('writes it anew when its content differs', () => {
    const files = [file('YYY-istio-cni.conf', { cniVersion: '0.3.1', ...entry, ambient_enabled: true })]
    expect(steps(plan(files, standalone))).toHaveLength(1)
    expect(steps(plan([file('YYY-istio-cni.conf', { cniVersion: '0.3.1', ...entry })], standalone))).toEqual(
      [],
    )
  })

  it('never replaces the configuration of another plugin', () => {
    const named = { ...standalone, cniConfName: '10-pods.conflist' }
    expect(steps(plan([file('10-pods.conflist', list)], named))).toBe('NAME_TAKEN')
  })

  it('never replaces a list that it was chained into before', () => {
    const named = { ...standalone, cniConfName: '10-pods.conflist' }
    expect(steps(plan([file('10-pods.conflist', installed)], named))).toBe('NAME_TAKEN')
  })

  it('takes away what the other modes have left, and no network of the node', () => {
    const document = { cniVersion: '0.3.1', ...entry }
    const files = [
      file('02-istio-cni.conflist', installed),
      file('10-pods.conflist', installed),
      file('YYY-istio-cni.conf', document),
    ]
    expect(steps(plan(files, standalone))).toEqual([
      '-02-istio-cni.conflist',
      ['10-pods.conflist', '644', list],
    ])
    const renamed = { ...standalone, cniConfName: 'istio.conf' }
    expect(steps(plan(files.slice(1), renamed))).toEqual([
      ['istio.conf', '600', document],
      ['10-pods.conflist', '644', list],
      '-YYY-istio-cni.conf',
    ])
    expect(steps(plan([file('02-istio-cni.conflist', installed)], standalone))).toEqual([
      ['YYY-istio-cni.conf', '600', document],
      ['02-istio-cni.conflist', '644', list],
    ])
  })

  it('writes a list where the name says list', () => {
    const named = { ...standalone, cniConfName: 'istio.conflist' }
    expect(steps(plan([], named))).toEqual([
      ['istio.conflist', '600', { cniVersion: '0.3.1', name: 'istio-cni', plugins: [entry] }],
    ])
  })
})
