import { AGENT_CAPABILITIES, IMAGE_NODE } from '@istio-install-cni/config-schema'
import { describe, expect, inject, it } from 'vitest'
import { run } from './container.ts'

const [dev, fips] = [inject('devImage'), inject('fipsImage')]
const confinement = { capabilities: Object.keys(AGENT_CAPABILITIES) }

describe('the dev image', () => {
  it('is run by root, and has a shell and a package manager beside what the runtime image has', async () => {
    const script =
      'id -u; apt-get --version; for name in tini nft iptables nsenter istio-cni; do command -v $name; done'
    const { exit, stdout } = await run(dev, { entrypoint: ['/bin/bash', '-ec', script] })
    expect(stdout).toMatch(/^0\napt \d/)
    expect(exit).toBe(0)
    expect(dev.config.User).toBe('0:0')
  })

  it('has the same entry point, which needs nothing but the capabilities', async () => {
    for (const user of [0, 65532]) {
      const { stdout } = await run(dev, { confinement: { ...confinement, user }, args: ['check'] })
      expect(stdout).toMatch(new RegExp(`^ok +capabilities +user ${user} has NET_ADMIN`, 'm'))
      expect(stdout).toMatch(/^ok +kernel /m)
    }
  })
})

describe('the FIPS image', () => {
  it('has all cryptography of Node from the FIPS provider', async () => {
    const script = `
      const crypto = require('node:crypto')
      const tried = (name) => { try { return crypto.createHash(name).update('a').digest('hex').length } catch { return 0 } }
      const unset = () => { try { crypto.setFips(false); return 'lets go of it' } catch { return 'keeps it' } }
      console.log(crypto.getFips(), tried('md5'), tried('sha256'), unset())`
    const { stdout } = await run(fips, { entrypoint: ['/usr/bin/tini', '--', IMAGE_NODE, '-e', script] })
    expect(stdout).toBe('1 0 64 keeps it\n')
  })

  it('starts the agent as the runtime image does', async () => {
    const { stdout } = await run(fips, { confinement, args: ['check'] })
    expect(stdout).toMatch(/^ok +capabilities +user 65532 has NET_ADMIN/m)
    expect(fips.config.Entrypoint).toEqual(inject('runtimeImage').config.Entrypoint)
  })
})
