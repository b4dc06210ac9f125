// Tokens that look like a kubelet's, for tests alone: nobody verifies their signature.

/** @param uid of the account, @param kid of the key that signs */
export function podTokenOf(
  claims: Readonly<Record<string, unknown>> = {},
  kid = 'key-1',
  uid = 'uid-1',
): string {
  const payload = {
    sub: 'system:serviceaccount:istio-system:istio-cni',
    'kubernetes.io': { pod: { name: 'istio-cni-node-x' }, serviceaccount: { name: 'istio-cni', uid } },
    ...claims,
  }
  return `${[{ alg: 'RS256', kid }, payload].map(encoded).join('.')}.c2lnbmVk`
}

export const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
