import { describe, expect, it } from 'vitest'
import { missingInKernel } from './kernel-support.ts'

describe('what a kernel lacks', () => {
  it.each([
    ["ip6tables-restore v1.8.9 (legacy): ip6tables-restore: unable to initialize table 'raw'", 'table raw'],
    [
      "iptables v1.8.7 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
      'table nat',
    ],
    [
      'Warning: Extension connmark revision 0 not supported, missing kernel module?\nline 5: RULE_APPEND failed',
      'a table, match or target',
    ],
    ['line 2: CHAIN_ADD failed (No such file or directory): chain PREROUTING', 'a table, match or target'],
    [
      'line 3:7-9: Error: Could not process rule: No such file or directory\n\t\ttype nat hook output priority -100;',
      'a table, match or target',
    ],
    [
      'line 63:8-10: Error: No such file or directory; did you mean chain ‘output’ in table inet ‘x’?\n\t\ttype nat hook',
      'a table, match or target',
    ],
    ['Error: Could not process rule: Operation not supported\nadd table inet x', 'a table, match or target'],
  ])('is told from %j', (words, what) => {
    expect(missingInKernel(words)).toContain(`the kernel lacks ${what}`)
  })

  it.each([
    'Error: Could not process rule: No such file or directory\ndelete table inet zzz\n',
    "iptables-restore v1.8.9 (nf_tables): Couldn't load match `nosuch':No such file or directory",
    'Error: syntax error, unexpected newline',
    'Error: Could not process rule: File exists\nadd table inet x',
  ])('is not suspected behind %j', (words) => {
    expect(missingInKernel(words)).toBeUndefined()
  })
})
