// What runs on the node, in the order in which it is started, with the flags that matter.
import { certificate } from './certificates.ts'
import { nodeIdentity, nodePaths } from './layout.ts'

const { name, address, apiPort, serviceCidr } = nodeIdentity
export const tokenIssuer = 'https://kubernetes.default.svc'
const etcdUrl = 'http://127.0.0.1:2379'
const etcdPeerUrl = 'http://127.0.0.1:2380'

export const controlPlane = {
  etcd: [
    'etcd',
    '--name=test',
    '--data-dir=/var/lib/etcd',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${etcdPeerUrl}`,
    `--initial-advertise-peer-urls=${etcdPeerUrl}`,
    `--initial-cluster=test=${etcdPeerUrl}`,
    '--unsafe-no-fsync',
  ],
  'kube-apiserver': [
    'kube-apiserver',
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${apiPort}`,
    `--advertise-address=${address}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    '--authorization-mode=Node,RBAC',
    `--client-ca-file=${certificate('ca.crt')}`,
    `--tls-cert-file=${certificate('apiserver.crt')}`,
    `--tls-private-key-file=${certificate('apiserver.key')}`,
    `--kubelet-client-certificate=${certificate('kubelet-client.crt')}`,
    `--kubelet-client-key=${certificate('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${certificate('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--service-account-issuer=${tokenIssuer}`,
    `--service-account-key-file=${certificate('sa.key')}`,
    `--service-account-signing-key-file=${certificate('sa.key')}`,
    '--allow-privileged=true',
    '--enable-admission-plugins=NodeRestriction',
  ],
  'kube-controller-manager': [
    'kube-controller-manager',
    `--kubeconfig=${certificate('controller.kubeconfig')}`,
    '--use-service-account-credentials',
    `--service-account-private-key-file=${certificate('sa.key')}`,
    `--root-ca-file=${certificate('ca.crt')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ],
  'kube-scheduler': [
    'kube-scheduler',
    `--kubeconfig=${certificate('scheduler.kubeconfig')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ],
} as const

const containerdConfigFile = '/etc/istio-cni-cluster/containerd.toml'
const kubeletConfigFile = '/etc/istio-cni-cluster/kubelet.json'

export const runtime = {
  containerd: ['containerd', '--config', containerdConfigFile],
  kubelet: [
    'kubelet',
    `--config=${kubeletConfigFile}`,
    `--kubeconfig=${certificate('kubelet.kubeconfig')}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
    '--v=1',
  ],
} as const

/** Files of the node by path. @param cgroupRoot where its containers' cgroups are */
export function nodeFiles(sandboxImage: string, cgroupRoot: string): Record<string, string> {
  return {
    [containerdConfigFile]: containerdConfig(sandboxImage),
    [kubeletConfigFile]: JSON.stringify(kubeletConfig(cgroupRoot)),
    [`${nodePaths.netDir}/10-test.conflist`]: JSON.stringify(podNetwork),
  }
}

const podNetwork = {
  cniVersion: '1.0.0',
  name: 'test',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: nodeIdentity.podCidr }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

// restrict_oom_score_adj: without CAP_SYS_RESOURCE nothing may have a lower score than its parent.
const containerdConfig = (sandboxImage: string) => `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${nodePaths.containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${nodePaths.binDir}"
    conf_dir = "${nodePaths.netDir}"
`

const kubeletConfig = (cgroupRoot: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  cgroupRoot,
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  containerRuntimeEndpoint: `unix://${nodePaths.containerdSocket}`,
  authentication: {
    x509: { clientCAFile: certificate('ca.crt') },
    webhook: { enabled: true },
    anonymous: { enabled: false },
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: certificate('kubelet.crt'),
  tlsPrivateKeyFile: certificate('kubelet.key'),
  clusterDomain: 'cluster.local',
  failSwapOn: false,
  makeIPTablesUtilChains: false,
  evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%', 'memory.available': '50Mi' },
  imageGCHighThresholdPercent: 100,
  serializeImagePulls: false,
  maxPods: 200,
  registryPullQPS: 0,
  kubeAPIQPS: 200,
  kubeAPIBurst: 400,
})
