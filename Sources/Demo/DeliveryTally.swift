import Synchronization

/// Counts by the numbers that devices give their messages, 1, 2, 3…, what was acknowledged to them and what arrived.
///
/// It knows nothing of lanes, batches or sequences, so it can convict them.
package struct DeliveryTally: Sendable {
    private struct Device: Sendable {
        /// Highest number that was acknowledged.
        var acknowledged: UInt64 = 0
        /// Numbers up to there that nobody promised to keep: the connection ended before the answer.
        var doubtful: Set<UInt64> = []
        /// Highest number that arrived.
        var highest: UInt64 = 0
        /// Numbers below it that did not.
        var gaps: Set<UInt64> = []

        /// - Parameter isOver: nothing more is on its way.
        func lost(isOver: Bool) -> UInt64 {
            var count = UInt64(gaps.subtracting(doubtful).count { $0 <= acknowledged })
            if isOver, acknowledged > highest {
                count += acknowledged - highest
                count -= UInt64(doubtful.count { $0 > highest && $0 <= acknowledged })
            }
            return count
        }
    }

    private var devices: [String: Device] = [:]
    /// Messages that arrived, each counted once.
    package private(set) var arrived: UInt64 = 0
    /// Arrivals of what had arrived before.
    package private(set) var duplicated: UInt64 = 0
    /// Arrivals behind a later message of the same device.
    package private(set) var outOfOrder: UInt64 = 0

    package init() {}

    package mutating func acknowledged(_ device: String, _ number: UInt64) {
        devices[device, default: Device()].acknowledged.raise(to: number)
    }

    /// Whether the bus has it nobody knows; whether it arrives does not count as kept or lost.
    package mutating func doubted(_ device: String, _ number: UInt64) {
        devices[device, default: Device()].doubtful.insert(number)
    }

    package mutating func arrived(_ device: String, _ number: UInt64) {
        var entry = devices[device] ?? Device()
        defer { devices[device] = entry }
        if number > entry.highest {
            if number > entry.highest + 1 { entry.gaps.formUnion(entry.highest + 1..<number) }
            entry.highest = number
            arrived += 1
        } else if entry.gaps.remove(number) != nil {
            arrived += 1
            outOfOrder += 1
        } else {
            duplicated += 1
        }
    }

    /// Messages that were acknowledged and are missing below a later one of the same device that arrived.
    package var lostSoFar: UInt64 { devices.values.reduce(0) { $0 + $1.lost(isOver: false) } }

    /// Messages that were acknowledged and have not arrived.
    package var missing: UInt64 { devices.values.reduce(0) { $0 + $1.lost(isOver: true) } }
}

extension UInt64 {
    fileprivate mutating func raise(to other: UInt64) { self = Swift.max(self, other) }
}

/// A tally that the devices and the reader of the far side share.
package final class SharedTally: Sendable {
    private let tally = Mutex(DeliveryTally())

    package init() {}

    package func with(_ body: (inout DeliveryTally) -> Void) {
        tally.withLock { body(&$0) }
    }

    package var now: DeliveryTally { tally.withLock { $0 } }
}
