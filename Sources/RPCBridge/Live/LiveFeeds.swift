import Bus
import LocalBus
import MQTTWire
import NIOCore
import Synchronization

/// The feeds of all live subscribers: those with the same filters and rights share one.
final class LiveFeeds: Sendable {
    private struct Shared {
        let feed: LiveFeed
        /// Keeps the session's identity alive as long as the feed is.
        let caller: CallerDirectory.Caller
    }

    private let shared = Mutex<[String: Shared]>([:])
    private let bytesMaximum: Int
    private let eventLoops: any EventLoopGroup

    init(bytesMaximum: Int, eventLoops: any EventLoopGroup) {
        self.bytesMaximum = bytesMaximum
        self.eventLoops = eventLoops
    }

    /// - Parameters:
    ///   - group: an MQTT share name; each event then goes to one subscriber of the group.
    ///   - withRetained: retained events come first.
    func source(
        _ filters: [TopicFilter],
        group: String?,
        withRetained: Bool,
        for caller: CallerDirectory.Caller,
        _ signal: Signal
    ) async throws -> LiveSource {
        // What is retained, and a group's share, is for one subscriber alone.
        guard group == nil, !withRetained else {
            let feed = LiveFeed(
                bytesMaximum: bytesMaximum,
                startsWithRetained: withRetained,
                eventLoop: eventLoops.next()
            )
            let reader = feed.addReader(fromStart: true)
            try await attach(feed, filters, group: group, withRetained: withRetained, for: caller)
            return LiveSource(feed, reader: reader, signal) {
                _ = feed.removeReader(reader)
                feed.close()
                _ = caller
            }
        }
        let key = ([caller.key] + filters.map(\.text).sorted()).joined(separator: "\u{1F}")
        if let (feed, reader) = shared.withLock({ table -> (LiveFeed, Int)? in
            table[key].map { ($0.feed, $0.feed.addReader(fromStart: false)) }
        }) {
            return LiveSource(feed, reader: reader, signal) { self.leave(key, feed, reader) }
        }
        let feed = LiveFeed(
            bytesMaximum: bytesMaximum,
            startsWithRetained: false,
            eventLoop: eventLoops.next()
        )
        let reader = feed.addReader(fromStart: true)
        try await attach(feed, filters, group: nil, withRetained: false, for: caller)
        // Another may have been quicker; then this one stays its subscriber's own.
        shared.withLock { table in
            if table[key] == nil { table[key] = Shared(feed: feed, caller: caller) }
        }
        return LiveSource(feed, reader: reader, signal) { self.leave(key, feed, reader) }
    }

    private func attach(
        _ feed: LiveFeed,
        _ filters: [TopicFilter],
        group: String?,
        withRetained: Bool,
        for caller: CallerDirectory.Caller
    ) async throws {
        do throws(BusError) {
            let wishes = try Self.wishes(filters, group: group, withRetained: withRetained)
            feed.keep(try await caller.bus.attach(feed, to: wishes) { feed.attached() })
        } catch {
            if case .notAuthorized(let filter) = error { throw CallRefusal.filterNotAllowed(filter) }
            throw CallRefusal(error)
        }
    }

    static func wishes(
        _ filters: [TopicFilter],
        group: String?,
        withRetained: Bool
    ) throws(BusError) -> [Subscription] {
        var wishes: [Subscription] = []
        for filter in filters {
            var wish = Subscription(filter, maximumQoS: .exactlyOnce)
            if let group {
                do throws(WireError) {
                    wish.filter = try TopicFilter("$share/\(group)/\(filter.text)")
                } catch { throw .invalidFilter("\"$share/\(group)/\(filter.text)\": \(error.message)") }
            }
            wish.retainHandling = withRetained ? .sendAtSubscribe : .doNotSend
            wishes.append(wish)
        }
        return wishes
    }

    private func leave(_ key: String, _ feed: LiveFeed, _ reader: Int) {
        let isLast = shared.withLock { table -> Bool in
            guard !feed.removeReader(reader) else { return false }
            if table[key]?.feed === feed { table[key] = nil }
            return true
        }
        if isLast { feed.close() }
    }
}
