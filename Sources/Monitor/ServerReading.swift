package import FoundationEssentials

/// Two looks at a server, and what happened in between.
package struct ServerReading: Sendable {
    package let figures: ServerFigures
    /// Per second since the earlier look; without one, on average since the server started. Empty where neither is
    /// known.
    package let rates: [ServerFigures.Counter: Double]
    /// Losses since the earlier look, or since the start.
    package let losses: [ServerFigures.Loss]
    /// The time that ``rates`` are over, in seconds.
    package let seconds: Double?

    /// - Parameters:
    ///   - earlier: the look before; one at another server, or before a restart, counts for nothing.
    ///   - seconds: the time between both.
    package init(_ figures: ServerFigures, since earlier: ServerFigures? = nil, seconds: Double = 0) {
        self.figures = figures
        // Counters only grow; one that fell belongs to another process.
        let base = earlier.flatMap { earlier in
            seconds > 0 && earlier.counters.allSatisfy { $0.value <= figures.counters[$0.key] ?? 0 }
                ? earlier : nil
        }
        let time = base == nil ? figures.uptime.flatMap { $0 > 0 ? $0 : nil } : seconds
        self.seconds = time
        var rates: [ServerFigures.Counter: Double] = [:]
        if let time {
            for (counter, value) in figures.counters {
                rates[counter] = (value - (base?.counters[counter] ?? 0)) / time
            }
        }
        self.rates = rates
        losses = figures.drops.map { loss in
            var loss = loss
            let before = base?.drops.first { $0.kind == loss.kind && $0.reason == loss.reason }
            loss.count -= before?.count ?? 0
            return loss
        }
    }

    /// One line of JSON: the figures of this moment, rates per second, and the losses since the server started.
    package func json(time: Double) throws -> String {
        struct Line: Encodable {
            struct Storage: Encodable {
                var bytes, maximumBytes, segments, stagedBytes: Double
                var states: [String]
            }
            struct Loss: Encodable {
                var kind, reason: String
                var total: Double
            }
            struct Lane: Encodable {
                var lane: String
                var backlogEvents, backlogBytes: Double
                var backlogSeconds, drainSeconds: Double?
            }
            struct Uplink: Encodable {
                var state: String
                var lanes: [Lane]
            }
            var time: Double
            var version: String
            var uptimeSeconds: Double?
            var clients, sessions, subscriptions, waitingMessages, retainedMessages: Double
            var residentBytes, openFiles: Double
            var rateSeconds: Double?
            var rates: [String: Double]
            var storage: Storage?
            var uplink: Uplink?
            var losses: [Loss]
        }
        let line = Line(
            time: time,
            version: figures.version,
            uptimeSeconds: figures.uptime,
            clients: figures.clients,
            sessions: figures.sessions,
            subscriptions: figures.subscriptions,
            waitingMessages: figures.waiting,
            retainedMessages: figures.retained,
            residentBytes: figures.residentBytes,
            openFiles: figures.openFiles,
            rateSeconds: seconds,
            rates: Dictionary(uniqueKeysWithValues: rates.map { ($0.key.rawValue, $0.value) }),
            storage: figures.storage.map {
                .init(
                    bytes: $0.bytes,
                    maximumBytes: $0.bytesMaximum,
                    segments: $0.segments,
                    stagedBytes: $0.stagedBytes,
                    states: $0.states
                )
            },
            uplink: figures.uplink.map { uplink in
                .init(
                    state: uplink.state,
                    lanes: uplink.lanes.map {
                        .init(
                            lane: $0.name,
                            backlogEvents: $0.backlogEvents,
                            backlogBytes: $0.backlogBytes,
                            backlogSeconds: $0.backlogAge,
                            drainSeconds: $0.drainSeconds
                        )
                    }
                )
            },
            losses: figures.drops.filter { $0.count > 0 }
                .map { .init(kind: $0.kind, reason: $0.reason, total: $0.count) }
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(line), as: UTF8.self)
    }
}
