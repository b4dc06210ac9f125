/** Prints the sets of the own network namespace as `ipset save` does, without that program. */
import { body, entriesOf, kinds } from '../../packages/runtime/src/netns/ip-set-messages.ts'
import { decodeAttributes, type Message, NetlinkSocket } from '../../packages/runtime/src/netns/netlink.ts'

/** <linux/netfilter/ipset/ip_set.h> */
const attribute = { set: 2, type: 3, family: 5, data: 7 } as const
const created = { flags: 8, hashSize: 18, most: 19 } as const
const text = (bytes: Buffer | undefined) => bytes?.toString('utf8').replace(/\0.*$/s, '') ?? ''
const number = (bytes: Buffer | undefined) => bytes?.readUInt32BE() ?? 0

function lines(message: Message): string[] {
  const found = decodeAttributes(message.body, body.length)
  const name = text(found.get(attribute.set))
  const entries = entriesOf(message).map(({ address, uid }) => `add ${name} ${address} comment "${uid}"`)
  const data = found.get(attribute.data)
  if (!data) return entries
  const made = decodeAttributes(data, 0)
  const family = found.get(attribute.family)?.[0] === 2 ? 'inet' : 'inet6'
  const comment = number(made.get(created.flags)) & 16 ? ' comment' : ''
  const sizes = `hashsize ${number(made.get(created.hashSize))} maxelem ${number(made.get(created.most))}`
  return [`create ${name} ${text(found.get(attribute.type))} family ${family} ${sizes}${comment}`, ...entries]
}

using socket = new NetlinkSocket('netfilter')
const messages = socket.dump(kinds.list, body, [{ type: 1, value: Buffer.from([6]) }])
process.stdout.write(`${messages.flatMap(lines).join('\n')}\n`)
