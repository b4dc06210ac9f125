import { HOST_PROBE_ADDRESS } from '@istio-install-cni/config-schema'

/** How a connection travels from one ambient pod to another, and how a probe gets in. */
export const drawing = `
  pod → pod   app ──▶ OUTPUT ──▶ ztunnel :15001 ══ tunnel ══▶ ztunnel :15008 ──▶ app
              └─────── in the client's pod ───────┘          └── in the server's pod ──┘

  plain in    client ──▶ PREROUTING ──▶ ztunnel :15006 ──▶ app

  dns         app ──▶ any server:53 ──▶ OUTPUT ──▶ ztunnel :15053

  probe       kubelet ──▶ the node's POSTROUTING: from ${HOST_PROBE_ADDRESS.ipv4} ──▶ PREROUTING lets it pass ──▶ app`
