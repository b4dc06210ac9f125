import { describe, expect, it } from 'vitest'
import type { JsonDocument } from './json.ts'
import { filesNamingUs, planRemoval } from './removal.ts'
import type { ConfigFile } from './select.ts'

const ours: JsonDocument = { name: 'istio-cni', type: 'istio-cni' }
const bridge: JsonDocument = { type: 'bridge' }
const list: JsonDocument = { cniVersion: '1.0.0', name: 'pods', plugins: [bridge] }
const installed: JsonDocument = { ...list, plugins: [bridge, ours] }
const settings = {
  chainedCniPlugin: true,
  cniConfName: '',
  istioOwnedCniConfigFilename: '00-own.conflist',
}

function file(name: string, content: JsonDocument | string): ConfigFile {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return {
    name,
    text,
    version: { path: name, inode: 1n, size: 1n, modifiedNs: 1n, mode: 0o600, uid: 0, gid: 0 },
  }
}

function steps(files: ConfigFile[], given = settings): unknown[] {
  return planRemoval(files, given).map((step) =>
    step.act === 'delete' ? `-${step.name}` : [step.name, JSON.parse(step.text)],
  )
}

describe('planRemoval', () => {
  it('takes every copy of our plugin out of every list, not only out of the primary', () => {
    const twice = { ...list, plugins: [ours, bridge, ours] }
    expect(
      steps([file('10-a.conflist', installed), file('20-b.conflist', twice), file('30-c.conflist', list)]),
    ).toEqual([
      ['10-a.conflist', list],
      ['20-b.conflist', list],
    ])
  })

  it('removes our own files, by their configured and by their usual names', () => {
    const files = [
      file('00-own.conflist', installed),
      file('02-istio-cni.conflist', installed),
      file('10-a.conflist', list),
      file('YYY-istio-cni.conf', ours),
    ]
    expect(steps(files)).toEqual(['-00-own.conflist', '-02-istio-cni.conflist', '-YYY-istio-cni.conf'])
  })

  it('keeps the last network of the node, without our plugin', () => {
    expect(steps([file('02-istio-cni.conflist', installed)])).toEqual([['02-istio-cni.conflist', list]])
  })

  it('never deletes a file of another, even if it is named as ours would be', () => {
    expect(steps([file('02-istio-cni.conflist', list), file('YYY-istio-cni.conf', bridge)])).toEqual([])
    const named = { ...settings, chainedCniPlugin: false, cniConfName: '10-a.conflist' }
    expect(steps([file('10-a.conflist', installed)], named)).toEqual([['10-a.conflist', list]])
    expect(steps([file('other.conf', ours)])).toEqual([])
  })
})

describe('filesNamingUs', () => {
  it('finds our plugin in whatever a runtime could load, also in what we cannot parse', () => {
    const files = [
      file('10-a.conflist', installed),
      file('20-b.conf', ours),
      file('30-c.conflist', '{"plugins":[{"type":"istio-cni"}'),
      file('40-d.conflist', list),
      { name: '50-e.conflist', problem: 'a link out of the directory', symlinkOutside: true },
    ]
    expect(filesNamingUs(files)).toEqual(['10-a.conflist', '20-b.conf', '30-c.conflist', '50-e.conflist'])
  })
})
