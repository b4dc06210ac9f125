import { describe, expect, it } from 'vitest'
import { AmbientMetrics } from './ambient-metrics.ts'
import { AgentMetrics } from './metrics.ts'

describe('the metrics of ambient mode', () => {
  it('are the original ones, those of the pods, of ztunnel and of the event loop', async () => {
    const { registry } = new AgentMetrics()
    const metrics = new AmbientMetrics(registry)
    let beat = 1_700_000_000_000
    metrics.showBeat(() => beat)
    metrics.connectionsChanged(2)
    metrics.countPodChange('update')
    metrics.podsChanged({ desired: 3, enrolled: 2, unenrolled: 1, drifted: 1 })
    metrics.countDrift('rules')
    metrics.countEnrolment('add', 'done')
    metrics.countLeave('del')
    for (const phase of ['rules', 'ztunnel', 'probes', 'total']) metrics.observePhase(phase, 0.003)
    metrics.observeVerification(3, 0.2)
    metrics.snapshotAcked({ seconds: 0.04 })
    metrics.acked('add', 0.001)
    metrics.failed('add', 'no-ack')
    const lines = (await registry.metrics()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'ztunnel_connected 2',
        'nodeagent_reconcile_events_total{type="update"} 1',
        'istio_cni_ambient_pods{state="desired"} 3',
        'istio_cni_ambient_pods{state="enrolled"} 2',
        'istio_cni_ambient_pods{state="unenrolled"} 1',
        'istio_cni_ambient_pods{state="drifted"} 1',
        'istio_cni_ambient_drift_total{what="rules"} 1',
        'istio_cni_ambient_enrolments_total{how="add",result="done"} 1',
        'istio_cni_ambient_leaves_total{why="del"} 1',
        'istio_cni_ambient_enrol_seconds_bucket{le="0.002",phase="ztunnel"} 0',
        'istio_cni_ambient_enrol_seconds_bucket{le="0.005",phase="ztunnel"} 1',
        'istio_cni_ambient_enrol_seconds_count{phase="rules"} 1',
        'istio_cni_ambient_enrol_seconds_count{phase="probes"} 1',
        'istio_cni_ambient_enrol_seconds_count{phase="total"} 1',
        'istio_cni_ambient_verification_seconds_sum 0.2',
        'istio_cni_ztunnel_snapshot_seconds 0.04',
        'istio_cni_ztunnel_ack_seconds_count{kind="add"} 1',
        'istio_cni_ztunnel_failures_total{kind="add",code="no-ack"} 1',
        'istio_cni_ztunnel_beat_timestamp_seconds 1700000000',
        expect.stringMatching(/^nodejs_eventloop_lag_p99_seconds \d/),
      ]),
    )
    beat += 5_000
    expect(await registry.metrics()).toContain('istio_cni_ztunnel_beat_timestamp_seconds 1700000005\n')
  })
})
