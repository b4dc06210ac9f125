import { describe, expect, it } from 'vitest'
import { chartPrograms, missingForChart } from './programs.ts'

const given = { HELM_BIN: '/given/helm', HELM4_BIN: '/given/helm4', ISTIOCTL_BIN: '/given/istioctl' }

describe('the programs of the chart tier', () => {
  it('are those that the environment names', async () => {
    expect(await chartPrograms(given)).toEqual({
      helm: '/given/helm',
      helm4: '/given/helm4',
      istioctl: '/given/istioctl',
    })
    expect(await missingForChart(given)).toBeUndefined()
  })
})
