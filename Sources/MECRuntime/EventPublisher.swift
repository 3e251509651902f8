package import Bus

/// Collects a service's messages and hands them to the bus in order.
///
/// Events that the bus has no room for are dropped and counted. State is never lost: what could not
/// be published is kept, newest per topic, and tried again.
package struct EventPublisher: Sendable {
    /// Messages in one call of ``Bus/publish(_:)``.
    package static let batchLimit = 1_000

    package let bus: any Bus
    private var events: [BusEvent] = []
    private var waitingState: [String: BusEvent] = [:]
    /// Events that the bus had no room for.
    package private(set) var dropped: UInt64 = 0
    package private(set) var published: UInt64 = 0

    package init(bus: any Bus) {
        self.bus = bus
    }

    package mutating func append(_ event: BusEvent) {
        events.append(event)
    }

    /// Hands everything over.
    ///
    /// - Throws: What the bus said, save ``BusError/overloaded``.
    package mutating func flush() throws(BusError) {
        if !waitingState.isEmpty {
            let state = Array(waitingState.values)
            waitingState.removeAll(keepingCapacity: true)
            try publish(state)
        }
        guard !events.isEmpty else { return }
        // What waits from before must not overwrite what comes now.
        let batch = events
        events.removeAll(keepingCapacity: true)
        try publish(batch)
    }

    private mutating func publish(_ batch: [BusEvent]) throws(BusError) {
        var start = 0
        while start < batch.count {
            let end = min(batch.count, start + Self.batchLimit)
            do {
                try bus.publish(start == 0 && end == batch.count ? batch : Array(batch[start..<end]))
                published += UInt64(end - start)
            } catch .overloaded {
                for event in batch[start..<end] {
                    if event.retain { waitingState[event.topic] = event } else { dropped += 1 }
                }
            } catch {
                throw error
            }
            start = end
        }
    }
}
