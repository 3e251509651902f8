import MQTTWire

/// A copy of who-wants-what for other threads: only whether anybody does.
///
/// Taken from a shard now and then (``BusShard/interests(limit:)``) and asked by publishers inside the
/// process, which leave out encodings that nobody subscribes to. Not for use by two threads at a time.
package final class InterestSet {
    private var index = SubscriptionIndex()
    private var levels = TopicLevels()
    private let hash = TopicHash(key: 0x5EED)
    /// More filters than were copied: everything counts as wanted.
    private let isIncomplete: Bool

    package init(filters: [[UInt8]], isIncomplete: Bool) {
        self.isIncomplete = isIncomplete
        for filter in filters {
            filter.withUnsafeBytes { text in
                levels.split(text, hash)
                let node = index.node(for: levels)
                index.setRemote(true, shard: 0, at: node)
            }
        }
    }

    package func wants(_ topic: UnsafeRawBufferPointer) -> Bool {
        if isIncomplete { return true }
        levels.split(topic, hash)
        var isWanted = false
        index.match(levels, isSystem: topic.first == UInt8(ascii: "$")) { _ in isWanted = true }
        return isWanted
    }
}

extension BusShard {
    /// The filters that somebody subscribes to, here or in another shard; at most `limit`.
    package func interests(limit: Int) -> (filters: [[UInt8]], isIncomplete: Bool) {
        subscriptions.filters(limit: limit)
    }
}

extension SubscriptionIndex {
    func filters(limit: Int) -> (filters: [[UInt8]], isIncomplete: Bool) {
        var filters: [[UInt8]] = []
        var pending: [UInt32] = [TopicTrie<SubscriberList>.root]
        while let node = pending.popLast() {
            if !trie[node].pointee.value.isEmpty {
                if filters.count == limit { return (filters, true) }
                filters.append(trie.name(of: node))
            }
            trie.forEachChild(of: node) { pending.append($0) }
        }
        return (filters, false)
    }
}
