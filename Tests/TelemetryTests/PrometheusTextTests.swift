import Telemetry
import Testing

@Suite struct PrometheusTextTests {
    static let received = MetricDefinition(
        "weir_messages_received_total",
        .counter,
        labels: ["qos"],
        "Messages that clients published."
    )
    static let clients = MetricDefinition("weir_clients", .gauge, "Clients \\ now.\nAll of them.")
    static let latency = MetricDefinition(
        "weir_sync_seconds",
        .histogram(bounds: [0.001, 0.01]),
        "Time of one sync."
    )

    @Test func `nothing is an empty page`() {
        #expect(PrometheusText.write(MetricsSnapshot()) == "")
    }

    @Test func `each metric has its help, its type and one line per series`() {
        var snapshot = MetricsSnapshot()
        snapshot.add(Self.received, 3, "0")
        snapshot.add(Self.clients, 2.5)
        snapshot.add(Self.received, 4, "1")
        #expect(
            PrometheusText.write(snapshot) == """
                # HELP weir_messages_received_total Messages that clients published.
                # TYPE weir_messages_received_total counter
                weir_messages_received_total{qos="0"} 3
                weir_messages_received_total{qos="1"} 4
                # HELP weir_clients Clients \\\\ now.\\nAll of them.
                # TYPE weir_clients gauge
                weir_clients 2.5

                """
        )
    }

    @Test func `what two shards count is added`() {
        var snapshot = MetricsSnapshot()
        snapshot.add(Self.received, UInt64(40), "0")
        snapshot.add(Self.received, UInt64(2), "0")
        #expect(PrometheusText.write(snapshot).contains("weir_messages_received_total{qos=\"0\"} 42\n"))
    }

    @Test func `label values are escaped`() {
        var snapshot = MetricsSnapshot()
        snapshot.add(Self.received, 1, "a\"b\\c\nd")
        #expect(PrometheusText.write(snapshot).contains(#"{qos="a\"b\\c\nd"} 1"#))
    }

    @Test func `histograms are cumulative and end with +Inf`() {
        var first = Histogram(boundCount: 2)
        for value in [0.0005, 0.001, 0.002, 5] { first.observe(value, bounds: [0.001, 0.01]) }
        var second = Histogram(boundCount: 2)
        second.observe(0.005, bounds: [0.001, 0.01])
        var snapshot = MetricsSnapshot()
        snapshot.add(Self.latency, first)
        snapshot.add(Self.latency, second)
        #expect(
            PrometheusText.write(snapshot) == """
                # HELP weir_sync_seconds Time of one sync.
                # TYPE weir_sync_seconds histogram
                weir_sync_seconds_bucket{le="0.001"} 2
                weir_sync_seconds_bucket{le="0.01"} 4
                weir_sync_seconds_bucket{le="+Inf"} 5
                weir_sync_seconds_sum 5.0085
                weir_sync_seconds_count 5

                """
        )
    }

    @Test func `large and odd numbers are written as Prometheus reads them`() {
        var snapshot = MetricsSnapshot()
        snapshot.add(Self.received, 12_345_678_901_234, "a")
        snapshot.add(Self.received, Double.infinity, "b")
        snapshot.add(Self.received, Double.nan, "c")
        let text = PrometheusText.write(snapshot)
        #expect(text.contains("{qos=\"a\"} 12345678901234\n"))
        #expect(text.contains("{qos=\"b\"} +Inf\n"))
        #expect(text.contains("{qos=\"c\"} NaN\n"))
    }
}
