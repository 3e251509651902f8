/// What a server's metrics say at one moment, in the terms that `weir top` shows.
package struct ServerFigures: Sendable {
    package var version: String
    /// Seconds since the server started.
    package var uptime: Double?
    package var clients: Double
    package var sessions: Double
    package var subscriptions: Double
    /// Messages in memory that wait for their subscribers.
    package var waiting: Double
    package var retained: Double
    package var residentBytes: Double
    package var openFiles: Double
    package var storage: Storage?
    /// The way to the cloud; `nil` where there is none.
    package var uplink: Uplink?
    /// Counters, by the name under which they are shown.
    package var counters: [Counter: Double]
    /// Counters of losses and refusals by their reason, in the server's order.
    package var drops: [Loss]

    package struct Storage: Sendable, Equatable {
        package var bytes: Double
        package var bytesMaximum: Double
        package var segments: Double
        package var stagedBytes: Double
        /// The states that journals are in, such as `open`, each once.
        package var states: [String]
    }

    package struct Uplink: Sendable, Equatable {
        package struct Lane: Sendable, Equatable {
            package var name: String
            package var backlogEvents: Double
            package var backlogBytes: Double
            /// Seconds; `nil` where nothing waits.
            package var backlogAge: Double?
            /// Seconds until nothing waits at the present rate; `nil` while it grows or stands.
            package var drainSeconds: Double?
        }

        /// `probing`, `online`, `degraded` or `offline`.
        package var state: String
        package var lanes: [Lane]
    }

    /// What is told as a rate.
    package enum Counter: String, Sendable, CaseIterable {
        case connects, disconnects, received, delivered, queued, receivedBytes, sentBytes, records, cpuSeconds
        case turns, systemCalls
        /// Events stored in the cloud, and the bytes that took.
        case synced, syncedBytes
    }

    /// Messages or requests that were refused or thrown away.
    package struct Loss: Sendable, Equatable {
        /// `dropped`, `refused`, `protocol error`, `connection refused`.
        package var kind: String
        package var reason: String
        package var count: Double
    }

    /// - Returns: `nil` when the page is not one of Weir's.
    package init?(_ page: MetricsText, now: Double) {
        guard let clients = page.sum("weir_clients") else { return nil }
        self.clients = clients
        version = page.sums("weir_build_info", by: "version").first?.label ?? "?"
        uptime = page.sum("process_start_time_seconds").map { max(0, now - $0) }
        sessions = page.sum("weir_sessions") ?? 0
        subscriptions = page.sum("weir_subscriptions") ?? 0
        waiting = page.sum("weir_messages_waiting") ?? 0
        retained = page.sum("weir_retained_messages") ?? 0
        residentBytes = page.sum("process_resident_memory_bytes") ?? 0
        openFiles = page.sum("process_open_fds") ?? 0
        // Without a journal (storage.durability: memory) there are no such metrics but for the limit.
        storage = page.sum("weir_storage_segments").map { segments in
            Storage(
                bytes: page.sum("weir_storage_bytes") ?? 0,
                bytesMaximum: page.sum("weir_storage_maximum_bytes") ?? 0,
                segments: segments,
                stagedBytes: page.sum("weir_storage_staged_bytes") ?? 0,
                states: page.sums("weir_storage_state", by: "state").filter { $0.value > 0 }.map(\.label)
            )
        }
        uplink = Self.uplink(page)
        counters = [:]
        for counter in Counter.allCases { counters[counter] = page.sum(counter.metric) }
        drops = []
        for (metric, label, kind) in [
            ("weir_messages_dropped_total", "reason", "dropped"),
            ("weir_requests_refused_total", "reason", "refused"),
            ("weir_protocol_errors_total", "kind", "protocol error"),
            ("weir_connections_refused_total", "reason", "connection refused"),
            ("weir_uplink_events_left_out_total", "reason", "not sent to the cloud"),
        ] {
            drops += page.sums(metric, by: label).map { Loss(kind: kind, reason: $0.label, count: $0.value) }
        }
    }
}

extension ServerFigures {
    private static func uplink(_ page: MetricsText) -> Uplink? {
        let states = page.sums("weir_uplink_state", by: "state")
        guard let state = states.first(where: { $0.value > 0 }) else { return nil }
        func values(_ metric: String) -> [String: Double] {
            Dictionary(page.sums(metric, by: "lane").map { ($0.label, $0.value) }) { first, _ in first }
        }
        let (bytes, ages) = (values("weir_uplink_backlog_bytes"), values("weir_uplink_backlog_age_seconds"))
        let drain = values("weir_uplink_drain_seconds")
        return Uplink(
            state: state.label,
            lanes: page.sums("weir_uplink_backlog_events", by: "lane").map { lane in
                Uplink.Lane(
                    name: lane.label,
                    backlogEvents: lane.value,
                    backlogBytes: bytes[lane.label] ?? 0,
                    backlogAge: ages[lane.label],
                    drainSeconds: drain[lane.label]
                )
            }
        )
    }
}

extension ServerFigures.Counter {
    /// The metric behind it.
    package var metric: String {
        switch self {
        case .connects: "weir_connections_opened_total"
        case .disconnects: "weir_connections_closed_total"
        case .received: "weir_messages_received_total"
        case .delivered: "weir_messages_delivered_total"
        case .queued: "weir_messages_queued_total"
        case .receivedBytes: "weir_received_bytes_total"
        case .sentBytes: "weir_sent_bytes_total"
        case .records: "weir_storage_records_total"
        case .cpuSeconds: "process_cpu_seconds_total"
        case .turns: "weir_reactor_turns_total"
        case .systemCalls: "weir_reactor_system_calls_total"
        case .synced: "weir_uplink_events_total"
        case .syncedBytes: "weir_uplink_wire_bytes_total"
        }
    }
}
