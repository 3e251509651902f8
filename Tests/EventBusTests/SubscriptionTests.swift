import EventBus
import MQTTWire
import Testing

@Suite struct SubscriptionTests {
    struct Match: Sendable, CustomTestStringConvertible {
        var filter: String
        var topic: String
        var matches: Bool
        var testDescription: String { "\(filter) \(matches ? "matches" : "does not match") \(topic)" }
    }

    static let matches: [Match] = [
        .init(filter: "a/b", topic: "a/b", matches: true),
        .init(filter: "a/b", topic: "A/b", matches: false),
        .init(filter: "+/+", topic: "/finance", matches: true),
        .init(filter: "/+", topic: "/finance", matches: true),
        .init(filter: "+", topic: "/finance", matches: false),
        .init(filter: "sport/#", topic: "sport", matches: true),
        .init(filter: "sport/#", topic: "sport/a/b/c", matches: true),
        .init(filter: "sport/+", topic: "sport", matches: false),
        .init(filter: "sport/+", topic: "sport/", matches: true),
        .init(filter: "#", topic: "a/b/c", matches: true),
        .init(filter: "#", topic: "$data/x", matches: false),
        .init(filter: "+/x", topic: "$data/x", matches: false),
        .init(filter: "$data/#", topic: "$data/x", matches: true),
        .init(filter: "a//b", topic: "a//b", matches: true),
        .init(filter: "a/+/b", topic: "a//b", matches: true),
        .init(
            filter: "a/a-level-longer-than-sixteen-bytes/b",
            topic: "a/a-level-longer-than-sixteen-bytes/b",
            matches: true
        ),
        .init(
            filter: "a/a-level-longer-than-sixteen-bytes/b",
            topic: "a/a-level-longer-than-sixteen-bytez/b",
            matches: false
        ),
    ]

    /// [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.2-1], [MQTT-4.7.3-4]
    @Test(arguments: matches)
    func `filters match as the standard says`(_ row: Match) {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe(row.filter)
        bus.open().connect("p").publish(row.topic, "x")
        #expect(subscriber.payloads == (row.matches ? ["x"] : []))
        // Retained messages go through a tree of their own.
        let publisher = bus.open().connect("r")
        publisher.publish(row.topic, "kept", retain: true)
        let late = bus.open().connect("late")
        late.subscribe(row.filter)
        #expect(late.payloads == (row.matches ? ["kept"] : []))
    }

    /// [MQTT-3.10.4-1], [MQTT-3.11.3-1], [MQTT-3.11.3-2]
    @Test func `unsubscribing ends delivery and says whether there was anything`() {
        let bus = BusHarness()
        let client = bus.open().connect("c")
        client.subscribe("a")
        client.subscribe("b")
        client.unsubscribe("a")
        client.unsubscribe("a")
        let codes = client.received.compactMap {
            if case .unsubAck(let ack) = $0 { ack.reasonCodes } else { nil }
        }
        #expect(codes == [[.success], [.noSubscriptionExisted]])
        client.publish("a", "no")
        client.publish("b", "yes")
        #expect(client.payloads == ["yes"])
        #expect(bus.shards[0].subscriptionCount == 1)
    }

    /// [MQTT-3.8.4-3]
    @Test func `the same filter again replaces the subscription`() {
        let bus = BusHarness()
        let client = bus.open().connect("c")
        client.subscribe("t", .atMostOnce, identifier: 1)
        client.subscribe("t", .atLeastOnce, identifier: 2)
        bus.open().connect("p").publish("t", "x", .atLeastOnce)
        #expect(client.publishes.map(\.qos) == [.atLeastOnce])
        #expect(client.publishes.first?.properties.subscriptionIdentifiers == [2])
        #expect(bus.shards[0].subscriptionCount == 1)
    }

    /// [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11], [MQTT-3.3.1-8]
    @Test func `retain handling decides about retained messages`() {
        let bus = BusHarness()
        bus.open().connect("p").publish("t", "kept", .atLeastOnce, retain: true)
        let client = bus.open().connect("c")
        client.subscribe("t") { $0.retainHandling = .doNotSend }
        #expect(client.payloads == [])
        client.subscribe("t") { $0.retainHandling = .sendAtSubscribeIfNew }
        #expect(client.payloads == [])
        client.subscribe("t")
        #expect(client.payloads == ["kept"])
        #expect(client.publishes.first?.retain == true)
        client.forget()
        client.unsubscribe("t")
        client.subscribe("t") { $0.retainHandling = .sendAtSubscribeIfNew }
        #expect(client.payloads == ["kept"])
    }

    /// [MQTT-3.3.1-6], [MQTT-3.3.1-7]
    @Test func `an empty retained payload removes the message and is delivered`() {
        let bus = BusHarness()
        let live = bus.open().connect("live")
        live.subscribe("t")
        let publisher = bus.open().connect("p")
        publisher.publish("t", "kept", retain: true)
        publisher.publish("t", "", retain: true)
        #expect(live.payloads == ["kept", ""])
        let late = bus.open().connect("late")
        late.subscribe("t")
        #expect(late.payloads == [])
        #expect(bus.site.retained.count == 0)
    }

    @Test func `twenty thousand retained messages reach a new subscriber under flow control`() {
        let bus = BusHarness { $0.outputBytesMaximum = 20_000 }
        let publisher = bus.open().connect("p")
        for i in 0..<20_000 { publisher.publish("r/\(i)", "\(i)", .atLeastOnce, retain: true) }
        let client = bus.open().connect("c") { $0.properties.receiveMaximum = 10 }
        client.subscribe("r/+", .atLeastOnce)
        #expect(Set(client.payloads).count == 20_000)
        #expect(client.publishes.count == 20_000)
    }

    /// [MQTT-4.8.2-4], [MQTT-4.8.2-5], [MQTT-4.8.2-6]
    @Test func `a shared subscription spreads evenly and skips members that are away`() {
        let bus = BusHarness()
        let members = (0..<3).map { i in
            let member = bus.open().connect("m\(i)")
            member.subscribe("$share/g/t/+", .atLeastOnce)
            return member
        }
        let outsider = bus.open().connect("o")
        outsider.subscribe("t/#")
        let publisher = bus.open().connect("p")
        for i in 0..<30 { publisher.publish("t/x", "\(i)", .atLeastOnce) }
        #expect(members.map { $0.publishes.count } == [10, 10, 10])
        #expect(outsider.publishes.count == 30)
        members[0].lose()
        for i in 0..<10 { publisher.publish("t/x", "\(i)", .atLeastOnce) }
        #expect(members.map { $0.publishes.count } == [10, 15, 15])
    }

    /// [MQTT-4.8.2-5]: what a member left unacknowledged goes to another.
    @Test func `a member's unacknowledged messages pass to another when its session ends`() {
        let bus = BusHarness()
        let first = bus.open().connect("m1")
        first.answers = false
        first.subscribe("$share/g/t", .atLeastOnce)
        bus.open().connect("p").publish("t", "x", .atLeastOnce)
        #expect(first.payloads == ["x"])
        let second = bus.open().connect("m2")
        second.subscribe("$share/g/t", .atLeastOnce)
        first.lose()
        #expect(second.payloads == ["x"])
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var filter: String
        var change: @Sendable (inout BusSettings) -> Void
        var code: ReasonCode
        var testDescription: String { "\(filter) \(code.rawValue)" }
    }

    static let refused: [Refused] = [
        .init(
            filter: "a/#",
            change: { $0.wildcardSubscriptionAvailable = false },
            code: .wildcardSubscriptionsNotSupported
        ),
        .init(
            filter: "$share/g/a",
            change: { $0.sharedSubscriptionAvailable = false },
            code: .sharedSubscriptionsNotSupported
        ),
        .init(filter: "a/b/c/d", change: { $0.topicLevelsMaximum = 3 }, code: .topicFilterInvalid),
    ]

    @Test(arguments: refused)
    func `a filter that is not allowed is refused with its code`(_ row: Refused) {
        let bus = BusHarness(row.change)
        let client = bus.open().connect("c")
        client.subscribe(row.filter)
        #expect(client.subAcks.map(\.reasonCodes) == [[row.code]])
    }

    @Test func `a random history of subscriptions agrees with matching one by one`() {
        var random = SeededGenerator(seed: 42)
        let words = ["a", "b", "c", ""]
        let bus = BusHarness()
        let clients = (0..<8).map { bus.open().connect("c\($0)") }
        let publisher = bus.open().connect("p")
        var wanted: [[String]] = Array(repeating: [], count: clients.count)
        for _ in 0..<3_000 {
            let who = Int.random(in: 0..<clients.count, using: &random)
            var filter = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                Int.random(in: 0..<4, using: &random) == 0 ? "+" : words.randomElement(using: &random) ?? "a"
            }.joined(separator: "/")
            if Int.random(in: 0..<5, using: &random) == 0 { filter += filter.isEmpty ? "#" : "/#" }
            if filter.isEmpty { filter = "a" }
            if let known = wanted[who].firstIndex(of: filter) {
                wanted[who].remove(at: known)
                clients[who].unsubscribe(filter)
            } else {
                wanted[who].append(filter)
                clients[who].subscribe(filter)
            }
            var topic = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                words.randomElement(using: &random) ?? "a"
            }.joined(separator: "/")
            if topic.isEmpty { topic = "/" }
            for client in clients { client.forget() }
            publisher.publish(topic, "x")
            for (i, client) in clients.enumerated() {
                let matches = wanted[i].contains { (try? TopicFilter($0))?.matches(topic) == true }
                let count = client.publishes.count
                #expect(count == (matches ? 1 : 0), "\(topic) for \(wanted[i])")
            }
        }
        #expect(bus.shards[0].subscriptionCount == wanted.reduce(0) { $0 + $1.count })
    }
}
