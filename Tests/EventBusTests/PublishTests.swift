import EventBus
import MQTTWire
import Testing

@Suite struct PublishTests {
    @Test(arguments: [ProtocolVersion.v3_1, .v3_1_1, .v5])
    func `a message reaches its subscriber in every version`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let subscriber = bus.open()
        subscriber.version = version
        subscriber.connect("sub").subscribe("a/+", .exactlyOnce)
        let publisher = bus.open()
        publisher.version = version
        publisher.connect("pub")
        publisher.publish("a/b", "0")
        publisher.publish("a/b", "1", .atLeastOnce)
        publisher.publish("a/b", "2", .exactlyOnce)
        #expect(subscriber.payloads == ["0", "1", "2"])
        #expect(subscriber.publishes.map(\.qos) == [.atMostOnce, .atLeastOnce, .exactlyOnce])
        #expect(publisher.acknowledgements(.pubAck).count == 1)
        #expect(publisher.acknowledgements(.pubRec).count == 1)
        #expect(publisher.acknowledgements(.pubComp).count == 1)
    }

    struct Grant: Sendable, CustomTestStringConvertible {
        var published: QoS
        var granted: QoS
        var testDescription: String { "\(published) under \(granted)" }
    }

    /// [MQTT-3.8.4-8]
    @Test(arguments: QoS.allCases.flatMap { a in QoS.allCases.map { Grant(published: a, granted: $0) } })
    func `delivery has the lower of published and granted QoS`(_ row: Grant) {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub")
        subscriber.subscribe("t", row.granted)
        bus.open().connect("pub").publish("t", "x", row.published)
        #expect(subscriber.publishes.map(\.qos) == [min(row.published, row.granted)])
    }

    /// [MQTT3-3.3.5-1], [MQTT-3.3.4-3], [MQTT-3.3.4-5]
    @Test func `overlapping filters give one copy with the highest QoS and every identifier`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub")
        subscriber.subscribe("a/#", .atMostOnce, identifier: 3)
        subscriber.subscribe("a/b", .atLeastOnce, identifier: 300_000)
        subscriber.subscribe("+/b", .atMostOnce)
        bus.open().connect("pub").publish("a/b", "x", .exactlyOnce)
        #expect(subscriber.publishes.count == 1)
        #expect(subscriber.publishes.first?.qos == .atLeastOnce)
        #expect(Set(subscriber.publishes.first?.properties.subscriptionIdentifiers ?? []) == [3, 300_000])
    }

    /// [MQTT-3.8.3-3]
    @Test func `no local keeps a client's own messages from it`() {
        let bus = BusHarness()
        let client = bus.open().connect("me")
        client.subscribe("t") { $0.noLocal = true }
        let other = bus.open().connect("other")
        other.subscribe("t")
        client.publish("t", "x")
        #expect(client.payloads == [])
        #expect(other.payloads == ["x"])
    }

    /// [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    @Test func `retain as published keeps the flag`() {
        let bus = BusHarness()
        let plain = bus.open().connect("plain")
        plain.subscribe("t")
        let kept = bus.open().connect("kept")
        kept.subscribe("t") { $0.retainAsPublished = true }
        bus.open().connect("pub").publish("t", "x", retain: true)
        #expect(plain.publishes.map(\.retain) == [false])
        #expect(kept.publishes.map(\.retain) == [true])
    }

    /// [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-17], [MQTT-3.3.2-18], [MQTT-3.3.2-20]
    @Test func `properties are passed on unaltered and in order`() {
        let bus = BusHarness()
        let subscribers = (0..<4).map { i in
            let client = bus.open().connect("sub\(i)")
            client.subscribe("t")
            return client
        }
        bus.open().connect("pub").publish("t", "x") {
            $0.properties.payloadFormatIndicator = 1
            $0.properties.contentType = "text/plain"
            $0.properties.responseTopic = "answers"
            $0.properties.correlationData = [1, 2, 3]
            $0.properties.topicAlias = 5
            $0.properties.userProperties = [.init("a", "1"), .init("b", "2"), .init("a", "3")]
            $0.properties.messageExpiryInterval = 60
        }
        for subscriber in subscribers {
            let properties = subscriber.publishes.first?.properties
            #expect(properties?.payloadFormatIndicator == 1)
            #expect(properties?.contentType == "text/plain")
            #expect(properties?.responseTopic == "answers")
            #expect(properties?.correlationData == [1, 2, 3])
            #expect(properties?.userProperties == [.init("a", "1"), .init("b", "2"), .init("a", "3")])
            #expect(properties?.messageExpiryInterval == 60)
            #expect(properties?.topicAlias == nil)
        }
    }

    /// [MQTT-3.3.2-5], [MQTT-3.3.2-6]
    @Test func `a queued message loses the seconds it waited, and then itself`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub", clean: false) {
            $0.properties.sessionExpiryInterval = 1_000
        }
        subscriber.subscribe("t", .atLeastOnce)
        subscriber.lose()
        let publisher = bus.open().connect("pub")
        publisher.publish("t", "long", .atLeastOnce) { $0.properties.messageExpiryInterval = 60 }
        publisher.publish("t", "short", .atLeastOnce) { $0.properties.messageExpiryInterval = 10 }
        bus.advance(seconds: 20)
        let again = bus.open().connect("sub", clean: false) { $0.properties.sessionExpiryInterval = 1_000 }
        #expect(again.connAck?.sessionPresent == true)
        #expect(again.payloads == ["long"])
        #expect(again.publishes.first?.properties.messageExpiryInterval == 40)
    }

    /// [MQTT-3.4.2-1]
    @Test func `an acknowledgement says that nobody subscribes`() {
        let bus = BusHarness()
        let publisher = bus.open().connect("pub")
        publisher.publish("nobody", "x", .atLeastOnce)
        #expect(publisher.acknowledgements(.pubAck).map(\.reasonCode) == [.noMatchingSubscribers])
    }

    /// [MQTT-3.3.2-12], [MQTT-3.3.2-10]
    @Test func `a topic alias stands for its topic until it is set anew`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub")
        subscriber.subscribe("#")
        let publisher = bus.open().connect("pub")
        publisher.publish("one", "1") { $0.properties.topicAlias = 3 }
        publisher.publish("", "2") { $0.properties.topicAlias = 3 }
        publisher.publish("two", "3") { $0.properties.topicAlias = 3 }
        publisher.publish("", "4") { $0.properties.topicAlias = 3 }
        #expect(subscriber.publishes.map(\.topic) == ["one", "one", "two", "two"])
    }

    /// [MQTT-3.3.2-9]
    @Test func `an alias above the maximum ends the connection`() {
        let bus = BusHarness { $0.topicAliasMaximum = 4 }
        let publisher = bus.open().connect("pub")
        #expect(publisher.connAck?.properties.topicAliasMaximum == 4)
        publisher.publish("t", "x") { $0.properties.topicAlias = 5 }
        #expect(publisher.disconnect?.reasonCode == .topicAliasInvalid)
        #expect(publisher.isClosed)
    }

    /// [MQTT-3.1.2-26]
    @Test func `aliases are set towards a client that allows them, and no more than it allows`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub") { $0.properties.topicAliasMaximum = 1 }
        subscriber.subscribe("#")
        let publisher = bus.open().connect("pub")
        for (topic, payload) in [("one", "1"), ("two", "2"), ("one", "3")] {
            publisher.publish(topic, payload)
        }
        #expect(subscriber.publishes.map(\.topic) == ["one", "two", ""])
        #expect(subscriber.publishes.map(\.properties.topicAlias) == [1, nil, 1])
    }

    /// [MQTT-3.1.2-24], [MQTT-3.1.2-25]
    @Test func `what is too large for the receiver is left out, and the rest goes on`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub") { $0.properties.maximumPacketSize = 60 }
        subscriber.subscribe("t", .atLeastOnce)
        let publisher = bus.open().connect("pub")
        publisher.publish("t", String(repeating: "x", count: 100), .atLeastOnce)
        publisher.publish("t", "small", .atLeastOnce)
        #expect(subscriber.payloads == ["small"])
        #expect(bus.shards[0].counters.droppedTooLarge == 1)
    }

    /// [MQTT-4.3.3-10]: a repeated QoS 2 PUBLISH is answered again and not delivered again.
    @Test func `a repeated exactly-once message is delivered once`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub")
        subscriber.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("pub")
        publisher.answers = false
        publisher.publish("t", "x", .exactlyOnce, packetID: 9)
        publisher.publish("t", "x", .exactlyOnce, packetID: 9) { $0.isDuplicate = true }
        #expect(subscriber.payloads == ["x"])
        #expect(publisher.acknowledgements(.pubRec).map(\.packetID) == [9, 9])
        publisher.send(.acknowledgement(Acknowledgement(.pubRel, packetID: 9)))
        publisher.publish("t", "y", .exactlyOnce, packetID: 9)
        #expect(subscriber.payloads == ["x", "y"])
    }

    /// [MQTT-3.3.4-9], [MQTT-4.9.0-1]
    @Test func `no more is in flight than the receiver allows`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("sub") { $0.properties.receiveMaximum = 2 }
        subscriber.answers = false
        subscriber.subscribe("t", .atLeastOnce)
        let publisher = bus.open().connect("pub")
        for i in 1...5 { publisher.publish("t", "\(i)", .atLeastOnce) }
        #expect(subscriber.payloads == ["1", "2"])
        subscriber.send(
            .acknowledgement(Acknowledgement(.pubAck, packetID: subscriber.publishes[0].packetID))
        )
        #expect(subscriber.payloads == ["1", "2", "3"])
        // [MQTT-4.6.0-1] Order is kept for QoS 0 messages by themselves: they are not held back.
        publisher.publish("t", "zero")
        #expect(subscriber.payloads == ["1", "2", "3", "zero"])
    }

    @Test func `a subscriber that does not read is bounded and others are served`() {
        let bus = BusHarness { $0.outputBytesMaximum = 10_000 }
        let stalled = bus.open().connect("stalled")
        stalled.subscribe("t")
        stalled.isStalled = true
        let other = bus.open().connect("other")
        other.subscribe("t")
        let publisher = bus.open().connect("pub")
        let payload = String(repeating: "x", count: 1_000)
        for _ in 0..<100 { publisher.publish("t", payload) }
        #expect(other.publishes.count == 100)
        #expect(bus.shards[0].counters.droppedSlowConsumer >= 85)
        #expect(bus.shards[0].output(of: stalled.id.slot).count < 12_000)
    }
}
