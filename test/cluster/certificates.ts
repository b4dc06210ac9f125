// The cluster's certificates and kubeconfigs, made once by openssl.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { command } from '../testbed/commands.ts'
import { adminKubeconfig, inState, nodeIdentity } from './layout.ts'

export const certificate = (name: string): string => inState('pki', name)

const serverNames = [
  ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map((name) => `DNS:${name}`),
  ...['127.0.0.1', nodeIdentity.address, nodeIdentity.apiAddress].map((address) => `IP:${address}`),
].join(',')

const identities: readonly { name: string; subject: string; alternatives?: string; kubeconfig?: boolean }[] =
  [
    { name: 'apiserver', subject: '/CN=kube-apiserver', alternatives: serverNames },
    { name: 'kubelet-client', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' },
    { name: 'controller', subject: '/CN=system:kube-controller-manager', kubeconfig: true },
    { name: 'scheduler', subject: '/CN=system:kube-scheduler', kubeconfig: true },
    {
      name: 'kubelet',
      subject: `/O=system:nodes/CN=system:node:${nodeIdentity.name}`,
      alternatives: `DNS:${nodeIdentity.name},IP:${nodeIdentity.address}`,
      kubeconfig: true,
    },
    { name: 'admin', subject: '/O=system:masters/CN=admin', kubeconfig: true },
  ]

export async function makeCertificates(): Promise<void> {
  if (existsSync(adminKubeconfig)) return
  await mkdir(certificate(''), { recursive: true })
  await newKey('ca')
  const authority = ['-key', certificate('ca.key'), '-out', certificate('ca.crt')]
  await command('openssl', 'req', '-x509', '-new', '-subj', '/CN=test-ca', '-days', '3650', ...authority)
  await makeServiceAccountKey()
  for (const { name, subject, alternatives, kubeconfig } of identities) {
    await issue(name, subject, alternatives)
    if (kubeconfig === true) await writeFile(certificate(`${name}.kubeconfig`), kubeconfigOf(name))
  }
}

/** With it the API server signs and verifies tokens. */
export async function makeServiceAccountKey(): Promise<void> {
  await command('openssl', 'genrsa', '-out', certificate('sa.key'), '2048')
}

async function newKey(name: string): Promise<void> {
  const file = certificate(`${name}.key`)
  await command('openssl', 'ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', file)
}

async function issue(name: string, subject: string, alternatives: string | undefined): Promise<void> {
  await newKey(name)
  const [request, extensions] = [certificate(`${name}.csr`), certificate(`${name}.ext`)]
  const names = alternatives === undefined ? '' : `subjectAltName=${alternatives}\n`
  await writeFile(extensions, `extendedKeyUsage=serverAuth,clientAuth\n${names}`)
  await command(
    'openssl',
    'req',
    '-new',
    '-key',
    certificate(`${name}.key`),
    '-subj',
    subject,
    '-out',
    request,
  )
  const authority = ['-CA', certificate('ca.crt'), '-CAkey', certificate('ca.key'), '-CAcreateserial']
  const files = ['-in', request, '-extfile', extensions, '-out', certificate(`${name}.crt`)]
  await command('openssl', 'x509', '-req', '-days', '3650', ...authority, ...files)
}

function kubeconfigOf(user: string): string {
  const server = `https://127.0.0.1:${nodeIdentity.apiPort}`
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': certificate('ca.crt') } }],
    users: [
      {
        name: user,
        user: { 'client-certificate': certificate(`${user}.crt`), 'client-key': certificate(`${user}.key`) },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  })
}
