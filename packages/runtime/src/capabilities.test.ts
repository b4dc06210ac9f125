import { describe, expect, it } from 'vitest'
import { lackOf, neededCapabilities, privilegesIn } from './capabilities.ts'

const all = '0000000000283002'
const none = '0000000000000000'
const status = (fields: { uid?: string; effective?: string; bounding?: string; noNewPrivs?: string }) =>
  privilegesIn(
    [
      'Name:\tnode',
      `Uid:\t${fields.uid ?? '65532'}\t0\t0\t0`,
      `CapEff:\t${fields.effective ?? none}`,
      `CapBnd:\t${fields.bounding ?? all}`,
      `NoNewPrivs:\t${fields.noNewPrivs ?? '0'}`,
      '',
    ].join('\n'),
  )
const needed = neededCapabilities({ nativeNftables: false })
const lack = (fields: Parameters<typeof status>[0]) => lackOf(status(fields), needed)

describe('the capabilities that the agent lacks', () => {
  it('are none where it has all, whoever it is', () => {
    expect(lack({ effective: all })).toBeUndefined()
    expect(lack({ uid: '0', effective: '000001ffffffffff', bounding: '000001ffffffffff' })).toBeUndefined()
  })

  it('are kept away by allowPrivilegeEscalation: false', () => {
    const found = lack({ noNewPrivs: '1' })
    expect(found?.isTotal).toBe(true)
    expect(found?.says).toMatch(/user 65532 lacks.*allowPrivilegeEscalation: false.*runAsUser: 0/s)
    expect(found?.says).toContain('NET_ADMIN: Rules, routes and sets')
  })

  it('are lost with the file capabilities of the launcher', () => {
    const { says } = lack({}) ?? {}
    expect(says).toContain('file capabilities of /usr/local/bin/install-cni')
    expect(says).not.toContain('allowPrivilegeEscalation')
  })

  it('are to be added where the container has not got them, whatever else keeps them away', () => {
    const fields = { effective: '0000000000203002', bounding: '0000000000203002', noNewPrivs: '1' }
    expect(lack(fields)).toMatchObject({ isTotal: false })
    expect(lack(fields)?.says).toMatch(/capabilities: { add: \[SYS_PTRACE\] }$/)
  })

  it('do not include what only iptables needs', () => {
    const withoutRaw = status({ effective: '0000000000281002' })
    expect(lackOf(withoutRaw, neededCapabilities({ nativeNftables: true }))).toBeUndefined()
    expect(lackOf(withoutRaw, needed)?.says).toContain('NET_RAW')
  })
})
