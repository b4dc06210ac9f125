const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** ASCII text out of standard base64; nothing when it is neither. The engine of the host has no atob. */
export function textOfBase64(encoded: string): string | undefined {
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return undefined
  const length = encoded.replace(/=+$/, '').length
  const pieces: string[] = []
  let bits = 0
  for (let at = 0; at < length; at++) {
    bits = ((bits << 6) | DIGITS.indexOf(encoded.charAt(at))) & 0xffff
    if (at % 4 === 0) continue
    const code = (bits >> (6 - 2 * (at % 4))) & 0xff
    if (code > 0x7e) return undefined
    pieces.push(String.fromCharCode(code))
  }
  return pieces.join('')
}
