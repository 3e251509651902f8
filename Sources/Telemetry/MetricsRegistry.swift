/// Something that can tell its metrics: a shard, the journal, the process.
package protocol MetricsSource: Sendable {
    /// Adds the values of this moment. A shard is asked through its mailbox, so this may wait for one turn
    /// of its loop; a source that cannot answer adds what it last knew, or nothing.
    func collect(into snapshot: inout MetricsSnapshot) async
}

/// All sources of one server.
package struct MetricsRegistry: Sendable {
    private let sources: [any MetricsSource]

    package init(_ sources: [any MetricsSource]) {
        self.sources = sources
    }

    /// The values of this moment, in the order of the sources.
    package func snapshot() async -> MetricsSnapshot {
        var snapshot = MetricsSnapshot()
        for source in sources { await source.collect(into: &snapshot) }
        return snapshot
    }
}
