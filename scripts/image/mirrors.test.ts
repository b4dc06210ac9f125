import { describe, expect, it } from 'vitest'
import { mirrorsIn, sourceLines } from './mirrors.ts'

describe('mirrorsIn', () => {
  it('reads both formats of apt, and neither comments nor other repositories', () => {
    const deb822 =
      'Types: deb\n# http://old.example/debian\nURIs: http://mirror.example/debian/\nSuites: trixie\n'
    const list =
      'deb [signed-by=/k] https://sec.example/pub/debian-security trixie-security main\n' +
      'deb https://other.example/node nodistro main\n'
    expect(mirrorsIn([deb822, list])).toEqual({
      debian: 'http://mirror.example/debian',
      'debian-security': 'https://sec.example/pub/debian-security',
    })
  })

  it("is Debian's own where the machine has none", () => {
    expect(mirrorsIn([''])).toEqual({
      debian: 'http://deb.debian.org/debian',
      'debian-security': 'http://deb.debian.org/debian-security',
    })
  })
})

describe('sourceLines', () => {
  it("has the release's security updates", () => {
    expect(sourceLines('trixie', mirrorsIn([]))).toContain(
      'deb http://deb.debian.org/debian-security trixie-security main',
    )
  })
})
