extension Engine {
    /// When a run stops publishing.
    struct Limit {
        var seconds: Double
        var messages: UInt64 = .max
        /// A fixed rate in messages per second over all publishers; `nil` publishes as the window allows.
        var rate: Double?
        /// A run without any delivery or acknowledgement for so long is over.
        var stallSeconds: Double = 10
    }

    /// Publishes until `limit`, then waits until everything is settled, or nothing moves any more.
    ///
    /// - Returns: the time from the first publish until the last settlement, and whether all was settled.
    mutating func run(_ limit: Limit) throws -> (nanoseconds: UInt64, isSettled: Bool) {
        let start = Clock.now()
        let end = start &+ Clock.nanoseconds(limit.seconds)
        flow.budget = limit.messages
        flow.isPublishing = true
        defer { flow.isPublishing = false }
        for number in flow.publishers.indices where flow.publishers[number].credit > 0 { flow.list(number) }
        var pacer = limit.rate.map { Pacer(rate: $0, start: start, publishers: flow.publishers.count) }
        flow.isPaced = pacer != nil
        if flow.isPaced {
            // The window's credit is not used at a fixed rate; each tick gives a credit of its own.
            for number in flow.publishers.indices { flow.publishers[number].credit = 0 }
        }
        var movedAt = start
        var moved = movement
        while true {
            let now = Clock.now()
            if flow.isPublishing, now >= end || flow.budget == 0 { flow.isPublishing = false }
            if flow.isPublishing, flow.isPaced {
                while let publisher = pacer?.due(at: now) { flow.grant(publisher, 1) }
            }
            try publishListed()
            if movement != moved {
                moved = movement
                movedAt = now
            }
            if !flow.isPublishing, isSettled {
                poller.setTimer(at: 0)
                return (Clock.now() &- start, true)
            }
            if now &- movedAt > Clock.nanoseconds(limit.stallSeconds) {
                poller.setTimer(at: 0)
                return (now &- start, false)
            }
            if let pacer, flow.isPublishing { poller.setTimer(at: pacer.next) }
            let counters = counters
            progress.show { Self.line(counters, nanoseconds: now &- start) }
            try turn(milliseconds: 50)
        }
    }

    /// Nothing is outstanding: every message settled, every handshake complete.
    var isSettled: Bool { counters.settled >= counters.published && counters.inFlight == 0 }

    private var movement: UInt64 { counters.delivered &+ counters.acknowledged &+ counters.published }

    private static func line(_ counters: Counters, nanoseconds: UInt64) -> String {
        let rate = Double(counters.delivered) / max(0.001, Clock.seconds(nanoseconds))
        let outstanding = counters.published - min(counters.published, counters.settled)
        return "\(counters.published) published, \(counters.delivered) delivered (\(Int(rate))/s), "
            + "\(outstanding) outstanding"
    }
}
