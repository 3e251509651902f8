/// Leaves events out before sending, as a lane's ``ThinningSettings`` say. What goes through keeps its sequence.
///
/// `sample` and `interval` decide at once. `last` and `window` gather until a window of event time is over; the
/// lane's cursor does not pass an open window, so a restart reads it again and comes to the same result.
package final class Thinner {
    /// Topics that are kept apart; what comes on more goes through as it is.
    package static let topicsMaximum = 100_000

    private let settings: ThinningSettings
    private let interval: Int64
    private let number: (UnsafeRawBufferPointer) -> Double?
    /// Events since the last that went through, or the time of that.
    private var perTopic: [[UInt8]: Int64] = [:]
    private var window: Int64?
    private var held: [[UInt8]: Held] = [:]
    /// The newest sequence that belongs to the open window.
    private var newest: UInt64 = 0

    private struct Held {
        var sequence: UInt64
        var time: Int64
        var qos: UInt8
        var retain: Bool
        var expiresAt: Int64
        var source: [UInt8]
        var properties: [UInt8]
        var payload: [UInt8]
        var count = 0
        var minimum = Double.infinity
        var maximum = -Double.infinity
        var sum = 0.0
    }

    package init(_ settings: ThinningSettings) {
        self.settings = settings
        interval = max(1, Int64(clamping: settings.interval.nanoseconds))
        let field = settings.field.split(separator: ".")
        switch settings.format {
        case .json:
            let names = field.map { Array($0.utf8) }
            number = { JSONNumber.find(names, in: $0) }
        case .protobuf:
            let numbers = field.compactMap { UInt64($0) }
            number = { ProtobufNumber.find(numbers[...], in: $0) }
        }
    }

    /// Whether nothing is gathered that a batch does not hold yet: then the cursor may move.
    package var isSettled: Bool { held.isEmpty }

    /// Puts `event` into `builder`, or notes there that it was left out, or keeps it for the end of its window.
    package func take(_ event: LaneEvent, into builder: BatchBuilder) {
        switch settings.mode {
        case .none: builder.append(event)
        case .sample:
            let seen = perTopic[Array(event.topic)] ?? 0
            if remember(event.topic, (seen + 1) % Int64(max(1, settings.every))), seen != 0 {
                builder.skip(thinned: 1)
            } else {
                builder.append(event)
            }
        case .interval:
            if let last = perTopic[Array(event.topic)], event.time - last < interval, event.time >= last {
                builder.skip(thinned: 1)
            } else {
                _ = remember(event.topic, event.time)
                builder.append(event)
            }
        case .last, .window: gather(event, into: builder)
        }
    }

    /// Ends the window when `now`, nanoseconds since 1970, lies behind it.
    package func tick(now: Int64, into builder: BatchBuilder) {
        // A second is left for what was published in the window and is not in the log yet.
        guard let window, now - 1_000_000_000 >= (window + 1) * interval else { return }
        close(into: builder)
    }

    private func remember(_ topic: UnsafeRawBufferPointer, _ value: Int64) -> Bool {
        let key = Array(topic)
        guard perTopic[key] != nil || perTopic.count < Self.topicsMaximum else { return false }
        perTopic[key] = value
        return true
    }

    private func gather(_ event: LaneEvent, into builder: BatchBuilder) {
        let number = event.time / interval
        // A clock that jumps back stays in the window: sequences only ascend.
        if let window, number > window { close(into: builder) }
        if window == nil { window = number }
        let topic = Array(event.topic)
        if held[topic] == nil, held.count >= Self.topicsMaximum { close(into: builder) }
        window = window ?? number
        var entry = held[topic]
        let (count, minimum, maximum, sum) =
            entry.map { ($0.count, $0.minimum, $0.maximum, $0.sum) } ?? (0, .infinity, -.infinity, 0)
        entry = Held(
            sequence: event.sequence,
            time: event.time,
            qos: event.qos,
            retain: event.retain,
            expiresAt: event.expiresAt,
            source: Array(event.source),
            properties: Array(event.properties),
            payload: settings.mode == .last ? Array(event.payload) : [],
            count: count,
            minimum: minimum,
            maximum: maximum,
            sum: sum
        )
        if settings.mode == .window, let value = self.number(event.payload) {
            entry?.count += 1
            entry?.minimum = min(minimum, value)
            entry?.maximum = max(maximum, value)
            entry?.sum += value
        }
        held[topic] = entry
        newest = event.sequence
    }

    private func close(into builder: BatchBuilder) {
        window = nil
        for (topic, entry) in held.sorted(by: { $0.value.sequence < $1.value.sequence }) {
            if settings.mode == .window, entry.count == 0 { continue }
            builder.skip(thinned: entry.sequence - builder.last - 1)
            let payload = settings.mode == .last ? entry.payload : summary(entry)
            topic.withUnsafeBytes { topic in
                entry.source.withUnsafeBytes { source in
                    entry.properties.withUnsafeBytes { properties in
                        payload.withUnsafeBytes { payload in
                            builder.append(
                                sequence: entry.sequence,
                                time: entry.time,
                                qos: entry.qos,
                                retain: entry.retain,
                                expiresAt: entry.expiresAt,
                                source: source,
                                topic: topic,
                                properties: properties,
                                payload: payload
                            )
                        }
                    }
                }
            }
        }
        if newest > builder.last { builder.skip(thinned: newest - builder.last) }
        held.removeAll(keepingCapacity: true)
    }

    private func summary(_ entry: Held) -> [UInt8] {
        let mean = entry.sum / Double(entry.count)
        return Array(
            "{\"count\":\(entry.count),\"min\":\(entry.minimum),\"max\":\(entry.maximum),\"mean\":\(mean)}"
                .utf8
        )
    }

    /// Forgets what is gathered: the log is read again from an earlier place.
    package func restart() {
        held.removeAll()
        window = nil
    }
}
