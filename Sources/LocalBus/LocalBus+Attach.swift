package import Bus
package import EventBus
package import MQTTWire

/// For those who take messages by reference, on the shard's thread, and publish many at once.
extension LocalBus {
    /// Delivers what matches `wishes` to `subscriber`, on the shard's thread, until the attachment is cancelled.
    ///
    /// Retained messages, where a wish asks for them, are delivered before `onAttached` is called, and that before
    /// anything live.
    /// - Throws: ``BusError/notAuthorized(topic:)`` with the filter, ``BusError/overloaded``.
    package func attach(
        _ subscriber: any LocalSubscriber,
        to wishes: [Subscription],
        onAttached: @escaping @Sendable () -> Void = {}
    ) async throws(BusError) -> LocalAttachment {
        let own = SharedSession()
        try await attach(subscriber, as: own, to: wishes, onAttached)
        let post = post
        return LocalAttachment { _ = post { shard in shard.closeLocal(own.value) } }
    }

    func attach(
        _ subscriber: any LocalSubscriber,
        as own: SharedSession,
        to wishes: [Subscription],
        _ onAttached: @escaping @Sendable () -> Void = {}
    ) async throws(BusError) {
        let identity = identity
        let refusal: BusError? = await withCheckedContinuation { continuation in
            let isTaken = post { shard in
                own.set(shard.openLocal(identity, subscriber))
                for wish in wishes {
                    let code = shard.subscribeLocal(own.value, wish)
                    guard code.isFailure else { continue }
                    shard.closeLocal(own.value)
                    continuation.resume(
                        returning: code == .notAuthorized
                            ? .notAuthorized(topic: wish.filter.text) : .invalidFilter(wish.filter.text)
                    )
                    return
                }
                onAttached()
                continuation.resume(returning: nil)
            }
            if !isTaken { continuation.resume(returning: .overloaded) }
        }
        if let refusal { throw refusal }
    }

    /// Publishes each event by itself, in order, and returns once what must outlive the process is on disk.
    ///
    /// Where the bus cannot take one now (quota, disk), it takes none of those behind it either, so that a retry keeps
    /// the order.
    /// - Returns: for each event where a stream keeps it, or why it was not published.
    /// - Throws: ``BusError/overloaded`` and nothing was published.
    package func publishEach(_ events: [BusEvent]) async throws(BusError) -> [Result<Cursor?, BusError>] {
        let refusals = events.map { event -> BusError? in
            do throws(BusError) {
                try check(event)
                return nil
            } catch { return error }
        }
        let session = session
        let post = post
        let results: [Result<Cursor?, BusError>]? = await withCheckedContinuation { continuation in
            let isTaken = post { shard in
                var results: [Result<Cursor?, BusError>] = []
                results.reserveCapacity(events.count)
                var wait = DurabilityWait()
                var standstill: BusError?
                for (event, refusal) in zip(events, refusals) {
                    if let refusal = refusal ?? standstill {
                        results.append(.failure(refusal))
                        continue
                    }
                    let outcome = EncodedEvent(event).publish(on: shard, session.value)
                    if outcome.reason.isFailure {
                        let failure =
                            outcome.reason == .quotaExceeded
                            ? BusError.overloaded
                            : .storage("the journal did not take the event on \"\(event.topic)\"")
                        standstill = failure
                        results.append(.failure(failure))
                        continue
                    }
                    wait.add(outcome.wait)
                    results.append(
                        .success(
                            outcome.stream == 0
                                ? nil : Cursor(stream: outcome.stream, position: outcome.position)
                        )
                    )
                }
                let done = results
                shard.whenDurable(wait) { isKept in continuation.resume(returning: isKept ? done : nil) }
            }
            if !isTaken { continuation.resume(returning: nil) }
        }
        guard let results else { throw .overloaded }
        return results
    }

    /// Calls `body` with each retained message that matches and that the caller may read.
    package func readLatest(_ filter: TopicFilter, _ body: (borrowing DeliveredMessage) -> Void) {
        site.readRetained(filter, now: clock()) { message in
            if identity.mayReceive(message.topic) { body(message) }
        }
    }
}

/// Ends a subscription when cancelled or released.
package final class LocalAttachment: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    deinit { end() }
}
