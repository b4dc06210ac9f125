// Generated from packages/config-schema by npm run generate.
import type { ValuesInput } from '@istio-install-cni/config-schema'

/** What the model says stands at a path. */
type At<Path extends string, Parent = ValuesInput> = Path extends `${infer Key}.${infer Rest}`
  ? Key extends keyof Parent
    ? At<Rest, NonNullable<Parent[Key]>>
    : never
  : Path extends keyof Parent
    ? Parent[Path]
    : never

/** Values of the agent, at the root or under `cni`. */
export interface AgentInput {
  /**
   * Registry and path of the image. Empty: `global.hub`; without either the default image is
   * `dhi.io/istio-install-cni`.
   *
   * @default ''
   */
  readonly hub?: At<'hub'>
  /**
   * Tag of the image. Empty: `global.tag`, else the chart's appVersion.
   *
   * @default ''
   */
  readonly tag?: At<'tag'>
  /**
   * Appended to the tag with a dash, such as `dev` or `fips`. Empty: `global.variant`. A whole
   * reference is never changed.
   *
   * @default ''
   */
  readonly variant?: At<'variant'>
  /**
   * Name of the image in `hub`. With a `/` it has its own registry, and `hub` is not used; with a tag
   * or a digest it is a whole reference, and `tag` is not used either.
   *
   * @default 'install-cni'
   */
  readonly image?: At<'image'>
  /**
   * When the image is pulled. Empty: `global.imagePullPolicy`, else Kubernetes' default.
   *
   * @default ''
   */
  readonly pullPolicy?: At<'pullPolicy'>
  /**
   * Secrets for pulling the image, in the same namespace; added to `global.imagePullSecrets`, on the
   * service account and on the pod.
   *
   * @default []
   */
  readonly imagePullSecrets?: At<'imagePullSecrets'>
  /**
   * The node's directory for CNI plugin binaries, as its container runtime sees it. Platforms set it.
   *
   * @default '/opt/cni/bin'
   */
  readonly cniBinDir?: At<'cniBinDir'>
  /**
   * The node's directory for CNI network configuration, as its container runtime sees it. Platforms set
   * it.
   *
   * @default '/etc/cni/net.d'
   */
  readonly cniConfDir?: At<'cniConfDir'>
  /**
   * Name of the CNI configuration file to insert the plugin into. Empty: the one that the runtime uses.
   * Unchained, the name of the file to write; empty: `YYY-istio-cni.conf`.
   *
   * @default ''
   */
  readonly cniConfFileName?: At<'cniConfFileName'>
  /**
   * The node's directory of network namespaces, for ambient mode. Platforms set it.
   *
   * @default '/var/run/netns'
   */
  readonly cniNetnsDir?: At<'cniNetnsDir'>
  /**
   * Insert the plugin into the configuration that is already there. `false` writes a configuration of
   * its own, for Multus.
   *
   * @default true
   */
  readonly chained?: At<'chained'>
  /**
   * `multus` adds a NetworkAttachmentDefinition `istio-cni` in namespace `default`.
   *
   * @default 'default'
   */
  readonly provider?: At<'provider'>
  /**
   * Write a copy of the primary configuration with the plugin in it, instead of changing the primary's
   * file.
   *
   * @default false
   */
  readonly istioOwnedCNIConfig?: At<'istioOwnedCNIConfig'>
  /**
   * Name of that copy; it must sort before the primary's file. Empty: `02-istio-cni.conflist`.
   *
   * @default ''
   */
  readonly istioOwnedCNIConfigFileName?: At<'istioOwnedCNIConfigFileName'>
  /**
   * Namespaces whose pods are never redirected, and start even while the agent is away.
   *
   * @default ["kube-system"]
   */
  readonly excludeNamespaces?: At<'excludeNamespaces'>
  /**
   * Leave a kubeconfig on the node, with which the plugin asks the API server while the agent is away.
   * `false`: pods wait for the agent.
   *
   * @default true
   */
  readonly hostCredentials?: At<'hostCredentials'>
  /**
   * Lifetime of the token in that kubeconfig in seconds; the agent renews it. 0: the token of the
   * agent's pod, which ends with the pod.
   *
   * @default 86400
   */
  readonly hostTokenSeconds?: At<'hostTokenSeconds'>
  /**
   * Name of that kubeconfig in `cniConfDir`.
   *
   * @default 'ZZZ-istio-cni-kubeconfig'
   */
  readonly kubeconfigFileName?: At<'kubeconfigFileName'>
  /**
   * Remove everything from the node whenever the agent stops, even for a restart or an upgrade.
   *
   * @default false
   */
  readonly uninstallOnStop?: At<'uninstallOnStop'>
  /**
   * Run the container privileged instead of with the few capabilities that it needs.
   *
   * @default false
   */
  readonly privileged?: At<'privileged'>
  /**
   * Run the pods in their nodes' network namespace. Without it the agent enters that namespace for the
   * rules that belong there.
   *
   * @default true
   */
  readonly hostNetwork?: At<'hostNetwork'>
  /**
   * Mount the container's own file system read-only.
   *
   * @default true
   */
  readonly readOnlyRootFilesystem?: At<'readOnlyRootFilesystem'>
  /**
   * User of the container. Others than 0 need an image whose entry point raises capabilities, such as
   * the hardened one.
   *
   * @default 0
   */
  readonly runAsUser?: At<'runAsUser'>
  /**
   * Group of the container.
   *
   * @default 0
   */
  readonly runAsGroup?: At<'runAsGroup'>
  /**
   * Seccomp profile of the container. An empty type: none is asked for.
   *
   * @default {"type":"RuntimeDefault"}
   */
  readonly seccompProfile?: At<'seccompProfile'>
  /**
   * SELinux context of the container. If anything is set, `type` is `spc_t` unless said. Platforms set
   * it.
   *
   * @default {}
   */
  readonly seLinuxOptions?: At<'seLinuxOptions'>
  /**
   * Ask for no AppArmor profile by annotation, as Kubernetes up to 1.29 needs it; `false`: by the field
   * that followed it.
   *
   * @default true
   */
  readonly useAppArmorAnnotation?: At<'useAppArmorAnnotation'>
  /**
   * Affinity of the pods.
   *
   * @default {}
   */
  readonly affinity?: At<'affinity'>
  /**
   * Labels that a node must have, besides `kubernetes.io/os: linux`.
   *
   * @default {}
   */
  readonly nodeSelector?: At<'nodeSelector'>
  /**
   * Taints that do not keep the agent off a node. By default it runs on every node.
   *
   * @default
   * [{"effect":"NoSchedule","operator":"Exists"},{"key":"CriticalAddonsOnly","operator":"Exists"},{"effect":"NoExecute","operator":"Exists"}]
   */
  readonly tolerations?: At<'tolerations'>
  /**
   * Priority class of the pods.
   *
   * @default 'system-node-critical'
   */
  readonly priorityClassName?: At<'priorityClassName'>
  /**
   * How an upgrade replaces the pods.
   *
   * @default {"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1}}
   */
  readonly updateStrategy?: At<'updateStrategy'>
  /**
   * Time that a pod has to leave its node in order.
   *
   * @default 30
   */
  readonly terminationGracePeriodSeconds?: At<'terminationGracePeriodSeconds'>
  /**
   * Requests and limits. Empty: `global.defaultResources`.
   *
   * @default {"requests":{"cpu":"100m","memory":"100Mi"}}
   */
  readonly resources?: At<'resources'>
  /**
   * Labels of the DaemonSet.
   *
   * @default {}
   */
  readonly daemonSetLabels?: At<'daemonSetLabels'>
  /**
   * Labels of the pods.
   *
   * @default {}
   */
  readonly podLabels?: At<'podLabels'>
  /**
   * Annotations of the pods.
   *
   * @default {}
   */
  readonly podAnnotations?: At<'podAnnotations'>
  /**
   * Annotations of the service account.
   *
   * @default {}
   */
  readonly serviceAccountAnnotations?: At<'serviceAccountAnnotations'>
  /**
   * Revision of the control plane, for the label `istio.io/rev`.
   *
   * @default ''
   */
  readonly revision?: At<'revision'>
  /**
   * Value of the label `install.operator.istio.io/owning-resource`.
   *
   * @default ''
   */
  readonly ownerName?: At<'ownerName'>
  /**
   * File on the node for the plugin's own log, rotated. Empty: none, the plugin logs through the agent.
   *
   * @default ''
   */
  readonly pluginLogFile?: At<'pluginLogFile'>
  /**
   * Port of `/healthz` and `/readyz`.
   *
   * @default 8000
   */
  readonly healthPort?: At<'healthPort'>
  /**
   * Port of `/metrics`.
   *
   * @default 15014
   */
  readonly monitoringPort?: At<'monitoringPort'>
  /**
   * Environment variables of the agent: every setting that has no value of its own, see the reference
   * of settings. They win over the chart's.
   *
   * @default {}
   */
  readonly env?: At<'env'>
  /**
   * Without effect. An earlier name.
   *
   * @deprecated Write `logging.level`.
   */
  readonly logLevel?: At<'logLevel'>
  /**
   * Without effect. Pod security policies are no more.
   *
   * @default ''
   */
  readonly psp_cluster_role?: At<'psp_cluster_role'>
  /**
   * Without effect. Another spelling, which the original does not read either.
   *
   * @deprecated Write `resourceQuotas`.
   */
  readonly resource_quotas?: At<'resource_quotas'>
  /**
   * Without effect. An earlier name.
   *
   * @deprecated Write `updateStrategy.rollingUpdate.maxUnavailable`.
   */
  readonly rollingMaxUnavailable?: At<'rollingMaxUnavailable'>
  /** Ambient mode. */
  readonly ambient?: AmbientInput | undefined
  /** Sidecar pods that started before the plugin was there. */
  readonly repair?: RepairInput | undefined
  /** Quotas for critical pods. */
  readonly resourceQuotas?: ResourceQuotasInput | undefined
  /** Logs. */
  readonly logging?: LoggingInput | undefined
  /** The Prometheus operator. */
  readonly podMonitor?: PodMonitorInput | undefined
  /** The test of a release. */
  readonly test?: TestInput | undefined
}

/** Values at the root that choose others. */
export interface ChoicesInput {
  /**
   * Istio's installation profile.
   *
   * @default ''
   */
  readonly profile?: At<'profile'>
  /**
   * Distribution of Kubernetes, for directories and other needs of its nodes.
   *
   * @default ''
   */
  readonly platform?: At<'platform'>
  /**
   * Release of Istio whose defaults are wanted where later ones differ, in quotes.
   *
   * @default ''
   */
  readonly compatibilityVersion?: At<'compatibilityVersion'>
}

/** Ambient mode. */
interface AmbientInput {
  /**
   * Redirect selected pods to ztunnel.
   *
   * @default false
   */
  readonly enabled?: At<'ambient.enabled'>
  /**
   * Which pods take part: those that any of these selects by its pod half and its namespace half. A
   * half that is missing selects all.
   *
   * @default
   * [{"podSelector":{"matchLabels":{"istio.io/dataplane-mode":"ambient"}}},{"podSelector":{"matchExpressions":[{"key":"istio.io/dataplane-mode","operator":"NotIn","values":["none"]}]},"namespaceSelector":{"matchLabels":{"istio.io/dataplane-mode":"ambient"}}}]
   */
  readonly enablementSelectors?: At<'ambient.enablementSelectors'>
  /**
   * Redirect the pods' DNS queries to ztunnel too.
   *
   * @default true
   */
  readonly dnsCapture?: At<'ambient.dnsCapture'>
  /**
   * Redirect IPv6 traffic too.
   *
   * @default true
   */
  readonly ipv6?: At<'ambient.ipv6'>
  /**
   * Bring the rules of running pods up to date when the agent starts.
   *
   * @default true
   */
  readonly reconcileIptablesOnStartup?: At<'ambient.reconcileIptablesOnStartup'>
  /**
   * Run the agent in the node's network namespace; only of use with `hostNetwork: false`.
   *
   * @default false
   */
  readonly shareHostNetworkNamespace?: At<'ambient.shareHostNetworkNamespace'>
  /**
   * Written for the original's plugin, which otherwise lets a pod pass when it cannot tell its mode.
   * Ours never does.
   *
   * @default false
   */
  readonly enableAmbientDetectionRetry?: At<'ambient.enableAmbientDetectionRetry'>
  /**
   * The agent is ready only while a ztunnel is connected to it.
   *
   * @default false
   */
  readonly readyNeedsZtunnel?: At<'ambient.readyNeedsZtunnel'>
  /**
   * Without effect. The original's agent has no such setting either.
   *
   * @default ''
   */
  readonly configDir?: At<'ambient.configDir'>
  /** The kubelet's probes. */
  readonly probeAddress?: AmbientProbeAddressInput | undefined
}

/** The kubelet's probes. */
interface AmbientProbeAddressInput {
  /**
   * Source address that the kubelet's probes get over IPv4, so that pods can tell them.
   *
   * @default '169.254.7.127'
   */
  readonly ipv4?: At<'ambient.probeAddress.ipv4'>
  /**
   * The same over IPv6.
   *
   * @default 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff'
   */
  readonly ipv6?: At<'ambient.probeAddress.ipv6'>
}

/** Sidecar pods that started before the plugin was there. */
interface RepairInput {
  /**
   * Look for sidecar pods that started before the plugin was there.
   *
   * @default true
   */
  readonly enabled?: At<'repair.enabled'>
  /**
   * Redirect such pods in place. Goes before deleting, which goes before labelling.
   *
   * @default true
   */
  readonly repairPods?: At<'repair.repairPods'>
  /**
   * Delete such pods, so that they start anew.
   *
   * @default false
   */
  readonly deletePods?: At<'repair.deletePods'>
  /**
   * Label such pods.
   *
   * @default false
   */
  readonly labelPods?: At<'repair.labelPods'>
  /**
   * Key of the label for such pods.
   *
   * @default 'cni.istio.io/uninitialized'
   */
  readonly brokenPodLabelKey?: At<'repair.brokenPodLabelKey'>
  /**
   * Value of the label for such pods.
   *
   * @default 'true'
   */
  readonly brokenPodLabelValue?: At<'repair.brokenPodLabelValue'>
  /**
   * Init container that fails in such pods.
   *
   * @default 'istio-validation'
   */
  readonly initContainerName?: At<'repair.initContainerName'>
  /**
   * Without effect. There is no image of its own for repairing.
   *
   * @default ''
   */
  readonly hub?: At<'repair.hub'>
  /**
   * Without effect. There is no image of its own for repairing.
   *
   * @default ''
   */
  readonly tag?: At<'repair.tag'>
  /**
   * Without effect. There is no image of its own for repairing.
   *
   * @default ''
   */
  readonly image?: At<'repair.image'>
  /**
   * Without effect. Events are always written.
   *
   * @default ''
   */
  readonly createEvents?: At<'repair.createEvents'>
}

/** Quotas for critical pods. */
interface ResourceQuotasInput {
  /**
   * Create a ResourceQuota that admits pods of critical priority, which some platforms ask for outside
   * of kube-system.
   *
   * @default false
   */
  readonly enabled?: At<'resourceQuotas.enabled'>
  /**
   * How many pods that quota admits.
   *
   * @default 5000
   */
  readonly pods?: At<'resourceQuotas.pods'>
}

/** Logs. */
interface LoggingInput {
  /**
   * Log levels, also per scope: `cni-agent`, `cni-plugin`, `default`, `all`. Empty:
   * `global.logging.level`.
   *
   * @default ''
   */
  readonly level?: At<'logging.level'>
}

/** The Prometheus operator. */
interface PodMonitorInput {
  /**
   * Create a PodMonitor, for the Prometheus operator.
   *
   * @default false
   */
  readonly enabled?: At<'podMonitor.enabled'>
  /**
   * How often Prometheus reads the metrics.
   *
   * @default '15s'
   */
  readonly interval?: At<'podMonitor.interval'>
  /**
   * Labels of the PodMonitor, by which a Prometheus finds it.
   *
   * @default {}
   */
  readonly labels?: At<'podMonitor.labels'>
}

/** The test of a release. */
interface TestInput {
  /**
   * Have a pod for `helm test`, which asks a node whether it is ready.
   *
   * @default true
   */
  readonly enabled?: At<'test.enabled'>
}

/** Values that all of Istio's charts share. */
export interface GlobalInput {
  /**
   * Registry and path of the image, unless `hub` is given.
   *
   * @default ''
   */
  readonly hub?: At<'global.hub'>
  /**
   * Tag of the image, unless `tag` is given.
   *
   * @default ''
   */
  readonly tag?: At<'global.tag'>
  /**
   * Variant of the image, unless `variant` is given.
   *
   * @default ''
   */
  readonly variant?: At<'global.variant'>
  /**
   * When the image is pulled, unless `pullPolicy` is given.
   *
   * @default ''
   */
  readonly imagePullPolicy?: At<'global.imagePullPolicy'>
  /**
   * Secrets for pulling the image, in the same namespace.
   *
   * @default []
   */
  readonly imagePullSecrets?: At<'global.imagePullSecrets'>
  /**
   * Log lines as JSON objects instead of text.
   *
   * @default false
   */
  readonly logAsJson?: At<'global.logAsJson'>
  /**
   * Program nftables directly instead of through iptables.
   *
   * @default false
   */
  readonly nativeNftables?: At<'global.nativeNftables'>
  /**
   * Requests and limits where `resources` is empty.
   *
   * @default {"requests":{"cpu":"100m","memory":"100Mi"}}
   */
  readonly defaultResources?: At<'global.defaultResources'>
  /**
   * Which objects are made: all of them, those of the cluster, or those of the namespace.
   *
   * @default 'all'
   */
  readonly resourceScope?: At<'global.resourceScope'>
  /** Logs. */
  readonly logging?: GlobalLoggingInput | undefined
  /** Network policies. */
  readonly networkPolicy?: GlobalNetworkPolicyInput | undefined
}

/** Logs. */
interface GlobalLoggingInput {
  /**
   * Log levels, unless `logging.level` is given.
   *
   * @default 'info'
   */
  readonly level?: At<'global.logging.level'>
}

/** Network policies. */
interface GlobalNetworkPolicyInput {
  /**
   * Create a NetworkPolicy that admits probes and metrics.
   *
   * @default false
   */
  readonly enabled?: At<'global.networkPolicy.enabled'>
}
