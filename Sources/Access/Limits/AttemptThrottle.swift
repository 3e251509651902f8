import Synchronization

/// Remembers which addresses failed to prove who they are, and makes them wait.
///
/// After `freeFailures` each failure doubles the wait; a while without one and the address is as new.
/// The table is bounded: when it is full, the address that failed longest ago makes room. IPv6
/// addresses count by /64, since one subscriber has that many to choose from.
///
/// Shared by all shards; asked once per connection, so a lock is cheap enough.
package final class AttemptThrottle: Sendable {
    package let settings: AccessSettings.ThrottleSettings
    private let table: Mutex<Table>

    package init(_ settings: AccessSettings.ThrottleSettings) {
        self.settings = settings
        table = Mutex(Table())
    }

    /// How long this address has to wait before it is listened to; 0 is not at all.
    ///
    /// - Parameter now: Monotonic nanoseconds.
    /// - Returns: Nanoseconds.
    package func wait(for address: AddressKey, now: UInt64) -> UInt64 {
        table.withLock { table in
            guard let entry = table.entries[address.network] else { return 0 }
            let end = entry.lastFailure.addingSaturating(delay(after: entry.failures))
            return end > now ? end - now : 0
        }
    }

    /// Counts a refusal with ``Refusal/Reason/isFailedAttempt``.
    ///
    /// A success takes nothing back: else one good password would buy any number of guesses.
    /// - Returns: The wait that this costs, in nanoseconds.
    @discardableResult
    package func failed(_ address: AddressKey, now: UInt64) -> UInt64 {
        guard settings.addressesMax > 0 else { return 0 }
        return table.withLock { table in
            let key = address.network
            var failures: UInt32 = 0
            if let entry = table.entries[key], !isForgotten(entry, now) { failures = entry.failures }
            failures = failures == .max ? .max : failures + 1
            if table.entries[key] == nil, table.entries.count >= settings.addressesMax {
                table.makeRoom(now: now, isForgotten: { isForgotten($0, now) })
            }
            table.entries[key] = Entry(failures: failures, lastFailure: now)
            return delay(after: failures)
        }
    }

    /// Addresses remembered, for a gauge.
    package var count: Int { table.withLock { $0.entries.count } }

    private struct Entry {
        var failures: UInt32
        var lastFailure: UInt64
    }

    private struct Table {
        var entries: [AddressKey: Entry] = [:]

        /// Drops what is forgotten and, if that is less than a sixteenth, the oldest sixteenth: so the
        /// whole table is looked through once per many insertions, not at each.
        mutating func makeRoom(now: UInt64, isForgotten: (Entry) -> Bool) {
            let aim = entries.count - max(1, entries.count / 16)
            entries = entries.filter { !isForgotten($0.value) }
            guard entries.count > aim else { return }
            let oldest = entries.sorted { $0.value.lastFailure < $1.value.lastFailure }
            for (key, _) in oldest.prefix(entries.count - aim) { entries[key] = nil }
        }
    }

    private func isForgotten(_ entry: Entry, _ now: UInt64) -> Bool {
        let age = now > entry.lastFailure ? now - entry.lastFailure : 0
        return age / 1_000_000_000 >= settings.forgetAfterSeconds
    }

    private func delay(after failures: UInt32) -> UInt64 {
        guard failures > settings.freeFailures else { return 0 }
        let doublings = min(failures - settings.freeFailures - 1, 63)
        let (shifted, overflow) = settings.firstDelayMilliseconds
            .multipliedReportingOverflow(by: 1 << UInt64(doublings))
        let milliseconds =
            overflow ? settings.delayMaxMilliseconds : min(shifted, settings.delayMaxMilliseconds)
        return milliseconds.multipliedReportingOverflow(by: 1_000_000).overflow
            ? .max : milliseconds * 1_000_000
    }
}

extension UInt64 {
    fileprivate func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
