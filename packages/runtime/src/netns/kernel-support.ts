/** What the tools say when the kernel lacks something that rules need, in their many words. Pure. */

const ofIptables = [
  /unable to initialize table|can't initialize ip6?tables table/,
  /Table does not exist \(do you need to insmod/,
  /Could not fetch rule set generation id/,
  /(?:TABLE|CHAIN)_ADD failed \((?:No such file|Operation not supported)/,
  /missing kernel module/,
  /RULE_(?:APPEND|INSERT) failed \((?:No such file|Operation not supported)/,
  /No chain\/target\/match by that name/,
]
/** That something to be deleted is not there is said in the same words. */
const ofNftables =
  /Error: (?:Could not process rule: )?(?:(?:Operation|Protocol) not supported|No such file or directory.*\n(?!\s*(?:delete|list) ))/

/** One clause for an error's message; undefined when the words are about something else. */
export function missingInKernel(words: string): string | undefined {
  if (!ofNftables.test(words) && !ofIptables.some((sign) => sign.test(words))) return undefined
  const table = /table [`'"]?(\w+)['"]/.exec(words)?.[1]
  const what = table === undefined ? 'a table, match or target that the rules need' : `table ${table}`
  return `the kernel lacks ${what}; load the module for it, or use the other back-end`
}
