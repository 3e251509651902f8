import Access
import Bus
import EventBus
import LocalBus
import MQTTWire
import Testing

/// The bus that parts of Weir itself use, over a real shard.
@Suite struct LocalBusTests {
    let queue: ShardQueue

    init() throws {
        queue = try ShardQueue()
    }

    private func event(_ topic: String, _ text: String, retain: Bool = false) -> BusEvent {
        BusEvent(topic: topic, payload: Array(text.utf8), qos: .atLeastOnce, retain: retain)
    }

    private func texts(_ batch: BusBatch?) -> [String] {
        (batch?.events ?? []).map { String(decoding: $0.payload, as: UTF8.self) }
    }

    private func identity(_ rules: [TopicRule]) -> Identity {
        Identity(
            names: ClientNames(clientID: "narrow", username: nil),
            grants: Grants(roles: [], rules: TopicRules(rules), quotas: .unlimited),
            source: .internal
        )
    }

    @Test func `an event arrives with everything it was published with`() async throws {
        let publisher = try queue.bus(.unrestricted(clientID: "weir.publisher"))
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["a/+"]))
        let sent = BusEvent(
            topic: "a/b",
            payload: Array("{}".utf8),
            qos: .atMostOnce,
            payloadIsUTF8: true,
            contentType: "application/json",
            responseTopic: "answer/here",
            correlationData: [1, 2, 3],
            userProperties: [
                UserProperty("id", "1"), UserProperty("id", "2"), UserProperty("type", "org.weir"),
            ],
            messageExpiryInterval: 60
        )
        try publisher.publish([sent])
        let batch = try #require(await subscription.next(limit: 10))
        var expected = sent
        expected.ingestTime = 1_700_000_000_000_000_000
        expected.source = "weir.publisher"
        #expect(batch.events == [expected])
        #expect(batch.dropped == 0)
    }

    @Test func `events keep their order, across calls and in one`() async throws {
        let publisher = try queue.bus()
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["#"]))
        for i in 0..<10 {
            try publisher.publish([event("a/\(i % 3)", "\(2 * i)"), event("b", "\(2 * i + 1)")])
        }
        queue.settle()
        #expect(texts(await subscription.next(limit: 7)) == (0..<7).map(String.init))
        #expect(texts(await subscription.next(limit: 100)) == (7..<20).map(String.init))
    }

    @Test func `own events come back only where they are asked for`() async throws {
        let bus = try queue.bus()
        let deaf = try await bus.subscribe(BusSubscribeRequest(filters: ["t"]))
        var request = BusSubscribeRequest(filters: ["t"])
        request.noLocal = false
        let hearing = try await bus.subscribe(request)
        try bus.publish([event("t", "own")])
        try queue.bus().publish([event("t", "other")])
        queue.settle()
        #expect(texts(await deaf.next(limit: 10)) == ["other"])
        #expect(texts(await hearing.next(limit: 10)) == ["own", "other"])
    }

    @Test func `retained events come first where they are asked for, and can be read at any time`()
        async throws
    {
        let bus = try queue.bus()
        try bus.publish([event("s/1", "one", retain: true), event("s/2", "two", retain: true)])
        try bus.publish([event("s/1", "new", retain: true), event("s/2", "", retain: true)])
        queue.settle()
        let retained = try bus.latest("s/#")
        #expect(retained.map(\.topic) == ["s/1"])
        #expect(retained.first?.retain == true)
        #expect(retained.first.map { String(decoding: $0.payload, as: UTF8.self) } == "new")
        var request = BusSubscribeRequest(filters: ["s/#"])
        let later = try await queue.bus().subscribe(request)
        request.start = .retained
        let all = try await queue.bus().subscribe(request)
        try bus.publish([event("s/3", "live")])
        queue.settle()
        #expect(texts(await all.next(limit: 10)) == ["new", "live"])
        #expect(texts(await later.next(limit: 10)) == ["live"])
    }

    @Test func `rules hold for every topic and filter, and nothing is done where one fails`() async throws {
        let bus = try queue.bus(
            identity([
                try TopicRule(.allow, .both, filter: "mine/#", substituting: false)
            ])
        )
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["#"]))
        #expect(throws: BusError.notAuthorized(topic: "other")) {
            try bus.publish([event("mine/1", "x"), event("other", "y")])
        }
        await #expect(throws: BusError.notAuthorized(topic: "other/#")) {
            _ = try await bus.subscribe(BusSubscribeRequest(filters: ["mine/#", "other/#"]))
        }
        #expect(throws: BusError.notAuthorized(topic: "other/#")) { _ = try bus.latest("other/#") }
        await #expect(throws: BusError.notAuthorized(topic: "other")) {
            _ = try await bus.publishDurably([event("other", "y")])
        }
        try bus.publish([event("mine/2", "z")])
        queue.settle()
        #expect(texts(await subscription.next(limit: 10)) == ["z"])
    }

    @Test(arguments: ["", "a/+", "a/#", "a\0b"])
    func `what is no topic name is refused`(_ topic: String) throws {
        let bus = try queue.bus()
        let error = #expect(throws: BusError.self) { try bus.publish([event(topic, "x")]) }
        guard case .invalidTopic? = error else {
            Issue.record("expected invalidTopic, found \(String(describing: error))")
            return
        }
    }

    @Test(arguments: ["", "a/#/b", "a+", "$share/g"])
    func `what is no filter is refused`(_ filter: String) async throws {
        let bus = try queue.bus()
        let error = await #expect(throws: BusError.self) {
            _ = try await bus.subscribe(BusSubscribeRequest(filters: [filter]))
        }
        guard case .invalidFilter? = error else {
            Issue.record("expected invalidFilter, found \(String(describing: error))")
            return
        }
    }

    struct Overflow: CustomTestStringConvertible, Sendable {
        var policy: BusSubscribeRequest.Overflow
        var expected: [String]
        var dropped: Int
        var testDescription: String { "\(policy)" }
    }

    @Test(arguments: [
        Overflow(policy: .dropOldest, expected: ["3", "4", "5"], dropped: 3),
        Overflow(policy: .dropNewest, expected: ["0", "1", "2"], dropped: 3),
        // Topics are t/0, t/1 and t/0 again: the newest of each is kept where the first stood.
        Overflow(policy: .conflate, expected: ["4", "5"], dropped: 4),
    ])
    func `a full queue does what its subscriber chose, and tells the loss`(_ row: Overflow) async throws {
        var request = BusSubscribeRequest(filters: ["t/#"])
        request.queueLimit = 3
        request.overflow = row.policy
        let subscription = try await queue.bus().subscribe(request)
        let publisher = try queue.bus()
        for i in 0..<6 { try publisher.publish([event("t/\(i % 2)", "\(i)")]) }
        queue.settle()
        let batch = try #require(await subscription.next(limit: 10))
        #expect(texts(batch) == row.expected)
        #expect(batch.dropped == row.dropped)
        try publisher.publish([event("t/9", "again")])
        let next = try #require(await subscription.next(limit: 10))
        #expect(texts(next) == ["again"])
        #expect(next.dropped == 0)
    }

    @Test func `a cancelled subscription ends, and its session with it`() async throws {
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["t"]))
        let waiting = Task { await subscription.next(limit: 1) == nil }
        #expect(queue.withShard { $0.interests(limit: 10).filters.count } == 1)
        subscription.cancel()
        #expect(await waiting.value)
        queue.settle()
        #expect(queue.withShard { $0.interests(limit: 10).filters.isEmpty })
        #expect(await subscription.next(limit: 1) == nil)
    }

    @Test func `a task that is cancelled while it waits goes on`() async throws {
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["t"]))
        let waiting = Task { await subscription.next(limit: 1) == nil }
        waiting.cancel()
        #expect(await waiting.value)
    }

    @Test func `a full mailbox is told as overload`() async throws {
        let bus = try queue.bus()
        queue.settle()
        queue.fill()
        #expect(throws: BusError.overloaded) { try bus.publish([event("t", "x")]) }
        await #expect(throws: BusError.overloaded) { _ = try await bus.publishDurably([event("t", "x")]) }
        await #expect(throws: BusError.overloaded) {
            _ = try await bus.subscribe(BusSubscribeRequest(filters: ["t"]))
        }
        #expect(throws: BusError.overloaded) { _ = try queue.bus() }
    }

    @Test func `interest follows the shard's subscriptions`() async throws {
        let bus = try queue.bus()
        // Before the first copy nothing is known, and everything counts as wanted.
        #expect(bus.hasInterest(in: "a/b"))
        queue.settle()
        #expect(!bus.hasInterest(in: "a/b"))
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["a/+"]))
        // A subscriber that has its answer misses nothing, whatever the age of the copy.
        #expect(bus.hasInterest(in: "a/b"))
        queue.advance(milliseconds: 101)
        // The first question after a tenth of a second asks for a new copy.
        _ = bus.hasInterest(in: "a/b")
        queue.settle()
        #expect(bus.hasInterest(in: "a/b"))
        #expect(!bus.hasInterest(in: "a/b/c"))
        #expect(!bus.hasInterest(in: "b"))
        subscription.cancel()
        queue.advance(milliseconds: 101)
        _ = bus.hasInterest(in: "a/b")
        queue.settle()
        #expect(!bus.hasInterest(in: "a/b"))
    }

    @Test func `without a journal a durable publish is done at once and has no cursor`() async throws {
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["t"]))
        #expect(try await queue.bus().publishDurably([event("t", "1"), event("t", "2")]) == [nil, nil])
        #expect(texts(await subscription.next(limit: 10)) == ["1", "2"])
    }

    @Test func `a closed bus publishes nothing more`() async throws {
        let subscription = try await queue.bus().subscribe(BusSubscribeRequest(filters: ["t"]))
        let bus = try queue.bus()
        try bus.publish([event("t", "before")])
        bus.close()
        try bus.publish([event("t", "after")])
        try queue.bus().publish([event("t", "other")])
        queue.settle()
        #expect(texts(await subscription.next(limit: 10)) == ["before", "other"])
    }
}
