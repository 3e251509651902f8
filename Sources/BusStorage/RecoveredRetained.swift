package import EventBus

/// What one shard's journal says of retained messages. They belong to the site, and a topic may have been
/// published through any shard: so they are put together when all journals are read.
package struct RecoveredRetained {
    /// When the checkpoint was made, nanoseconds since 1970 UTC; 0 without one.
    var time: Int64 = 0
    /// Every retained message of the site as of `time`, encoded.
    var base: [UInt8] = []
    /// The last word on each topic behind the checkpoint; an empty payload takes the message away.
    private var changes: [[UInt8]: Change] = [:]

    private struct Change {
        var time: Int64
        var position: UInt64
        var record: [UInt8]
    }

    mutating func note(
        _ message: borrowing StoredMessage,
        at position: UInt64,
        _ record: UnsafeRawBufferPointer
    ) {
        changes[Array(message.parts.topic)] = Change(
            time: message.ingestTime,
            position: position,
            record: Array(record)
        )
    }

    /// Time that may pass between the stamp of a message and its entry in the store: a turn of a shard's loop.
    private static let turn: Int64 = 1_000_000_000

    /// Puts back the retained messages of a site.
    ///
    /// The newest checkpoint has all that any shard knew at its time; what the logs say behind it goes on top,
    /// the later word on a topic before the earlier one.
    package static func putBack(_ shards: [RecoveredRetained], into shard: BusShard) throws {
        guard let newest = shards.indices.max(by: { shards[$0].time < shards[$1].time }) else { return }
        try shards[newest].base.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            while !reader.isAtEnd {
                let size: UInt32 = try reader.read()
                let position: UInt64 = try reader.read()
                shard.restoreRetained(try MessageRecord.read(try reader.read(Int(size))), position: position)
            }
        }
        let since = shards[newest].time - turn
        var last: [[UInt8]: Change] = [:]
        for (index, recovered) in shards.enumerated() {
            for (topic, change) in recovered.changes where index == newest || change.time >= since {
                if let known = last[topic], known.time > change.time { continue }
                last[topic] = change
            }
        }
        for change in last.values {
            try change.record.withUnsafeBytes { record in
                shard.restoreRetained(try MessageRecord.read(record), position: change.position)
            }
        }
    }
}
