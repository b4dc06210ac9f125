import { namesUs } from './conflist.ts'
import { isDocument, type Json, parseJson } from './json.ts'

/**
 * Does a result that libcni has cached (api.go, `cachedInfo`) name our plugin? Its `config` is the whole
 * configuration in Base64. What cannot be understood counts by its bytes.
 */
export function resultNamesUs(text: string): boolean {
  const cached = documentOf(text)
  if (cached === undefined) return text.includes('istio-cni')
  const { config } = cached
  if (typeof config !== 'string') return isDocument(config) ? namesUs(config) : namesUs(cached)
  const configuration = textOf(config)
  const document = documentOf(configuration)
  return document === undefined ? configuration.includes('istio-cni') : namesUs(document)
}

function documentOf(text: string) {
  try {
    const parsed: Json = parseJson(text)
    return isDocument(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Base64 of ASCII, as far as our name and JSON's signs go; in plain code, since the plugin has no other. */
function textOf(base64: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  let text = ''
  let bits = 0
  let held = 0
  for (const sign of base64) {
    const value = alphabet.indexOf(sign)
    if (value < 0) continue
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    text += String.fromCharCode((held >> bits) & 0xff)
  }
  return text
}
