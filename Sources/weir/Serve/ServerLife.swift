import HTTPGateway
import Supervision
import Synchronization
import Telemetry

/// Where a server is between its start and its end, for whoever asks from another thread.
final class ServerLife: Sendable {
    enum Phase: String, Sendable, CaseIterable {
        case starting
        case ready
        case draining
    }

    struct State: Sendable {
        var phase = Phase.starting
        var reloadsGood = 0
        var reloadsBad = 0
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }

    func became(_ phase: Phase) {
        state.withLock { $0.phase = phase }
    }

    func reloaded(isGood: Bool) {
        state.withLock { state in
            if isGood { state.reloadsGood += 1 } else { state.reloadsBad += 1 }
        }
    }
}

/// Metrics of the process as a whole.
struct ServerMetrics: MetricsSource {
    let life: ServerLife
    let sink: LogSink

    static let reloads = MetricDefinition(
        "weir_reloads_total",
        .counter,
        labels: ["result"],
        "Reloads asked for, by what came of them."
    )
    static let linesDropped = MetricDefinition(
        "weir_log_lines_dropped_total",
        .counter,
        "Log lines dropped because nobody read the others in time."
    )

    func collect(into snapshot: inout MetricsSnapshot) async {
        let now = life.now
        snapshot.add(Self.reloads, now.reloadsGood, "good")
        snapshot.add(Self.reloads, now.reloadsBad, "bad")
        snapshot.add(Self.linesDropped, sink.droppedCount)
    }
}
