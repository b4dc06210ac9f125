/**
 * The world as the plugin sees it. On a node the Rust host (`native/`) provides it as the global `host`;
 * tests provide plain values.
 */
export interface PluginPorts {
  /** An environment variable; bytes that are no UTF-8 come as U+FFFD. */
  env(name: string): string | undefined
  /** Standard input up to its end, at most `limit` bytes. */
  readInput(limit: number): Input
  request(request: HttpRequest): HttpReply | HttpFailure
  askApiServer(request: ApiRequest): ApiReply | ApiFailure
  /** A regular file of at most `limit` bytes; links are not followed. */
  readFile(path: string, limit: number): Input
  stat(path: string, followLinks: boolean): FileState | undefined
  /** `id` is equal for all paths of one network namespace. */
  networkNamespace(path: string): { readonly id: string } | { readonly problem: string }
  /** Appends to a log file that is renamed to `<path>.1` before it passes `limit` bytes; gives the problem, if any. */
  appendToFile(path: string, text: string, limit: number): string | undefined
  /** Effective user id of this process. */
  userId(): number
  /** For spans: milliseconds since an arbitrary moment. */
  monotonicMs(): number
  /** For log lines: milliseconds since 1970. */
  wallClockMs(): number
  sleep(ms: number): void
}

/** What only the program's own end needs; see main.ts. */
export interface PluginHost extends PluginPorts {
  writeOutput(text: string): void
  writeError(text: string): void
  exit(code: number): never
}

export type Input =
  | { readonly text: string }
  | { readonly failure: 'absent' | 'too-large' | 'not-utf8' | 'unreadable'; readonly detail: string }

/** One HTTP/1.1 request over a Unix socket. */
export interface HttpRequest {
  readonly socketPath: string
  readonly method: 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** For the connection alone, in milliseconds. */
  readonly connectDeadlineMs: number
  /** From being connected to the last byte of the reply, in milliseconds. */
  readonly deadlineMs: number
  /** Largest body that is accepted, in bytes. */
  readonly replyLimit: number
}

export interface HttpReply {
  readonly status: number
  readonly body: string
  /** User of the process that listened, by SO_PEERCRED. */
  readonly peerUserId: number
}

export interface HttpFailure {
  /**
   * `absent`: no such file. `refused`: nobody listens. `closed`: the peer left before a whole reply.
   * `garbage`: no HTTP or no UTF-8. `system`: any other refusal of the operating system.
   */
  readonly failure: 'absent' | 'refused' | 'timeout' | 'closed' | 'garbage' | 'too-large' | 'system'
  readonly detail: string
}

/** One GET of JSON over TCP; redirects are not followed, and no proxy is asked. */
export interface ApiRequest {
  /** IPv4 or IPv6 address; the certificate must be for it. */
  readonly address: string
  readonly port: number
  /** `verified`: TLS with the given authorities alone; `unverified`: any certificate; `none`: plain. */
  readonly tls: 'verified' | 'unverified' | 'none'
  /** PEM. */
  readonly authorities: string
  /** Visible ASCII; part of no failure. */
  readonly token: string
  /** Visible ASCII. */
  readonly path: string
  /** From connecting to the last byte, in milliseconds. */
  readonly deadlineMs: number
  /** Largest body that is accepted, in bytes. */
  readonly replyLimit: number
}

export interface ApiReply {
  readonly status: number
  readonly body: string
}

export interface ApiFailure {
  /** As in HttpFailure, and: `unreachable`: no route. `tls`: not trusted. `authorities`: no usable PEM. */
  readonly failure: Exclude<HttpFailure['failure'], 'absent'> | 'unreachable' | 'tls' | 'authorities'
  readonly detail: string
}

export interface FileState {
  readonly kind: 'socket' | 'directory' | 'link' | 'other'
  readonly userId: number
  readonly groupId: number
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
}
