import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { IptablesProgram, NftProgram } from '../../packages/runtime/src/rules/program.ts'
import type { Tables } from './sidecar-cases.ts'

const run = promisify(execFile)

/** Both back-ends' listings after their programs were loaded into a network namespace that is thrown away. */
export async function listingsOf(iptables: IptablesProgram, nft: NftProgram) {
  const directory = await mkdtemp(join(tmpdir(), 'sidecar-rules-'))
  try {
    const inputs = { '4': iptables.restore.ipv4 ?? '', '6': iptables.restore.ipv6 ?? '', nft: nft.nft }
    for (const [name, text] of Object.entries(inputs)) await writeFile(join(directory, name), text)
    const script = `set -e; cd "$1"
      iptables-nft-restore --noflush <4; ip6tables-nft-restore --noflush <6
      iptables-nft-save >4.out; ip6tables-nft-save >6.out
      nft flush ruleset; nft -f nft; nft -s list ruleset >nft.out
      for file in 4 6 nft; do cat $file.out; echo ----; done`
    const { stdout } = await run('unshare', ['-n', 'bash', '-c', script, 'load', directory])
    const [ipv4 = '', ipv6 = '', nftables = ''] = stdout.split('----\n')
    return {
      iptables: tablesIn(ipv4),
      ip6tables: tablesIn(ipv6),
      nft: nftables.split('\n').filter((line) => line !== ''),
    }
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** As recorded: without counters, comments and tables in which nothing is. */
function tablesIn(save: string): Tables {
  const tables = save.split(/^\*/m).slice(1)
  return Object.fromEntries(
    tables.flatMap((text) => {
      const [name = '', ...rest] = text.split('\n')
      const lines = rest.filter((line) => /^[:-]/.test(line)).map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
      return lines.some((line) => line.startsWith('-') || line.endsWith(' -')) ? [[name, lines]] : []
    }),
  )
}
