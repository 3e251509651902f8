package import MQTTWire

/// What the core needs of durable streams: logs of their own that keep every message of certain topics,
/// whether anybody wants it now or not. One for each shard; the streams behind it are shared.
///
/// Calls come on the shard's thread and return at once.
package protocol BusStreams: AnyObject {
    /// Everything that was appended under a ticket up to this one is as durable as its stream promises.
    var durableTicket: UInt64 { get }
    /// The ticket given last.
    var lastTicket: UInt64 { get }

    /// The set of streams that keep a topic, as a number for ``append(_:from:to:)``; 0 for none. Asked once
    /// for each route, again after ``BusShard/streamsChanged()``.
    func streams(keeping topic: UnsafeRawBufferPointer) -> UInt32

    /// Appends a message to each stream of a set.
    ///
    /// - Parameter source: client identifier of the publisher; empty for the broker itself.
    func append(
        _ message: borrowing StoredMessage,
        from source: UnsafeRawBufferPointer,
        to set: UInt32
    ) -> StreamOutcome

    /// The shard has done what came in; what was given may be handed to the disks now.
    func turnEnded()
}

/// What became of a message that streams keep.
package struct StreamOutcome {
    /// 0x97 when a stream that refuses is full, 0x80 when its disk has failed; otherwise success.
    package var reason: ReasonCode
    /// What ``BusStreams/durableTicket`` must have reached before the publisher may hear of it; 0: nothing.
    package var ticket: UInt64
    /// Where the first stream of the set keeps it; 0 for none.
    package var stream: UInt32
    package var position: UInt64

    package init(reason: ReasonCode = .success, ticket: UInt64 = 0, stream: UInt32 = 0, position: UInt64 = 0)
    {
        self.reason = reason
        self.ticket = ticket
        self.stream = stream
        self.position = position
    }
}

extension BusShard {
    /// Gives the shard its durable streams, before the first connection.
    package func attach(_ streams: any BusStreams) { self.streams = streams }

    /// Streams came or went: what routes remember of them is asked again.
    package func streamsChanged() { subscriptions.invalidateRoutes() }

    /// Appends a message to the streams of its route.
    @inline(never)
    func appendToStreams(
        _ source: borrowing PublishSource,
        _ set: UInt32,
        _ publisher: Int32,
        _ outcome: inout PublishOutcome
    ) {
        guard let streams else { return }
        let message = StoredMessage(
            parts: source.parts,
            qos: source.qos,
            retain: source.retain,
            expiresAt: wallExpiry(source),
            ingestTime: now.wall
        )
        var name = publisher >= 0 ? sessions[publisher].pointee.clientID : ""
        let kept = name.withUTF8 { streams.append(message, from: UnsafeRawBufferPointer($0), to: set) }
        if kept.reason.isFailure {
            counters.storageRefused &+= 1
            // QoS 0 has no answer: who is there gets it all the same.
            if source.qos != .atMostOnce { outcome.refusal = kept.reason }
            return
        }
        outcome.isWanted = true
        outcome.streamsAt = kept.ticket
        outcome.stream = kept.stream
        outcome.streamPosition = kept.position
    }
}
