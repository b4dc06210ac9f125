import type { Ports, SidecarRedirection } from '../mesh/redirection.ts'
import type { Match } from './model.ts'

/** One condition for each port, or a single one that every port fulfils. */
export const portsToMatch = (ports: Ports): readonly Pick<Match, 'toPort'>[] =>
  ports === 'all' ? [{}] : ports.map((toPort) => ({ toPort }))

/** The inbound ports that the proxy takes, and the exceptions from them; undefined when it takes none. */
export function capturedPorts({
  includePorts,
  excludePorts,
}: SidecarRedirection['inbound']):
  | Readonly<{ ports: readonly Pick<Match, 'toPort'>[]; except: readonly number[] }>
  | undefined {
  if (includePorts !== 'all') {
    return includePorts.length === 0 ? undefined : { ports: portsToMatch(includePorts), except: [] }
  }
  return excludePorts === 'all' ? undefined : { ports: portsToMatch('all'), except: excludePorts }
}
