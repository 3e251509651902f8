package import Access
package import Bus
package import EventBus
import MQTTWire
package import Streams
import Synchronization

/// The ``Bus`` for one part of Weir: a client of a shard that needs no socket.
///
/// What it asks is posted to the shard and done there between two turns, in order. Safe to call from any
/// thread.
package final class LocalBus: Bus {
    /// Runs a closure on the shard's thread; `false` when too much waits there already.
    package typealias Post = @Sendable (@escaping @Sendable (BusShard) -> Void) -> Bool
    /// Monotonic and wall-clock time.
    package typealias Clock = @Sendable () -> BusTime

    let post: Post
    let clock: Clock
    let site: BusSite
    package let identity: Identity
    let streams: StreamCatalogue?
    let session: SharedSession
    private let interest: InterestCache

    /// - Parameters:
    ///   - identity: who the caller is; its rules hold for every filter and topic.
    ///   - streams: what subscriptions that begin in the past read.
    package init(
        site: BusSite,
        identity: Identity,
        streams: StreamCatalogue? = nil,
        clock: @escaping Clock,
        post: @escaping Post
    ) throws(BusError) {
        self.site = site
        self.identity = identity
        self.streams = streams
        self.clock = clock
        self.post = post
        interest = InterestCache(clock: clock, post: post)
        let session = SharedSession()
        self.session = session
        let isTaken = post { shard in session.set(shard.openLocal(identity, SilentSubscriber())) }
        guard isTaken else { throw .overloaded }
    }

    /// Ends the session. Subscriptions of this bus are cancelled one by one by their owners.
    package func close() {
        let session = session
        _ = post { shard in shard.closeLocal(session.value) }
    }

    // MARK: - Publishing

    package func publish(_ events: [BusEvent]) throws(BusError) {
        for event in events { try check(event) }
        let session = session
        let isTaken = post { shard in
            for event in events { _ = EncodedEvent(event).publish(on: shard, session.value) }
        }
        guard isTaken else { throw .overloaded }
    }

    package func publishDurably(_ events: [BusEvent]) async throws(BusError) -> [Cursor?] {
        for event in events { try check(event) }
        let session = session
        let post = post
        let result: Result<[Cursor?], BusError> = await withCheckedContinuation { continuation in
            let isTaken = post { shard in
                var cursors: [Cursor?] = []
                var wait = DurabilityWait()
                for event in events {
                    let outcome = EncodedEvent(event).publish(on: shard, session.value)
                    if outcome.reason == .quotaExceeded {
                        continuation.resume(returning: .failure(.overloaded))
                        return
                    }
                    if outcome.reason.isFailure {
                        continuation.resume(
                            returning: .failure(
                                .storage("the journal did not take the event on \"\(event.topic)\"")
                            )
                        )
                        return
                    }
                    wait.add(outcome.wait)
                    cursors.append(
                        outcome.stream == 0
                            ? nil : Cursor(stream: outcome.stream, position: outcome.position)
                    )
                }
                let done = cursors
                shard.whenDurable(wait) { isKept in
                    continuation.resume(returning: isKept ? .success(done) : .failure(.overloaded))
                }
            }
            if !isTaken { continuation.resume(returning: .failure(.overloaded)) }
        }
        return try result.get()
    }

    func check(_ event: BusEvent) throws(BusError) {
        let utf8 = Array(event.topic.utf8)
        do throws(WireError) {
            try TopicName.validate(utf8.span.bytes, 0..<utf8.count)
        } catch {
            throw .invalidTopic("\"\(event.topic)\": \(error.message)")
        }
        guard identity.mayPublish(event.topic) else { throw .notAuthorized(topic: event.topic) }
    }

    package func hasInterest(in topic: String) -> Bool {
        if interest.wants(topic) { return true }
        var topic = topic
        return topic.withUTF8 { topic in streams?.keeps(UnsafeRawBufferPointer(topic)) ?? false }
    }

    // MARK: - Subscribing

    package func subscribe(_ request: BusSubscribeRequest) async throws(BusError) -> any BusSubscription {
        var wishes: [Subscription] = []
        var isReplay = false
        for text in request.filters {
            var wish: Subscription
            do throws(WireError) {
                wish = Subscription(try TopicFilter(text), maximumQoS: request.qos)
            } catch {
                throw .invalidFilter("\"\(text)\": \(error.message)")
            }
            switch request.start {
            case .latest: wish.retainHandling = .doNotSend
            case .retained: wish.retainHandling = .sendAtSubscribe
            case .earliest, .after, .time: isReplay = true
            }
            guard identity.subscription(String(decoding: wish.filter.filter, as: UTF8.self)) != .denied else {
                throw .notAuthorized(topic: text)
            }
            wishes.append(wish)
        }
        if isReplay { return try replay(request.start, wishes.map(\.filter)) }
        let publisher = session
        let all = wishes
        let own = SharedSession()
        let post = post
        let subscription = LocalSubscription(
            limit: max(1, request.queueLimit),
            overflow: request.overflow,
            ignores: request.noLocal ? publisher : nil,
            cancel: { _ = post { shard in shard.closeLocal(own.value) } }
        )
        try await attach(subscription, as: own, to: all)
        return subscription
    }

    package func latest(_ filter: String) throws(BusError) -> [BusEvent] {
        let parsed: TopicFilter
        do throws(WireError) { parsed = try TopicFilter(filter) } catch {
            throw .invalidFilter("\"\(filter)\": \(error.message)")
        }
        guard identity.subscription(filter) != .denied else { throw .notAuthorized(topic: filter) }
        var events: [BusEvent] = []
        let now = clock()
        site.readRetained(parsed, now: now) { message in
            guard identity.mayReceive(message.topic) else { return }
            events.append(BusEvent(message))
        }
        return events
    }
}

/// A session's number, known once the shard has opened it. Written and read on the shard's thread.
final class SharedSession: Sendable {
    private let number = Atomic<Int32>(-1)

    var value: Int32 { number.load(ordering: .relaxed) }
    func set(_ value: Int32) { number.store(value, ordering: .relaxed) }
}

/// For a session that only publishes.
private final class SilentSubscriber: LocalSubscriber {
    func deliver(_ message: borrowing DeliveredMessage) {}
}
