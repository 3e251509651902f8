import EventBus
import MQTTWire
import Testing

/// Sessions, wills and the end of connections, in all versions.
@Suite struct SessionConformanceTests {
    static let versions: [ProtocolVersion] = [.v3_1, .v3_1_1, .v5]

    private func client(_ bus: BusHarness, _ version: ProtocolVersion, _ name: String, keeps: Bool = false)
        -> TestClient
    {
        let client = bus.open()
        client.version = version
        return client.connect(name, clean: !keeps) {
            if keeps, version == .v5 { $0.properties.sessionExpiryInterval = 1_000 }
        }
    }

    /// [MQTT-3.1.2-4…6], [MQTT-3.1.2-23], [MQTT-3.1.4-4], [MQTT-3.2.2-2], [MQTT-3.2.2-3], [MQTT-4.1.0-1], [MQTT-4.5.0-1],
    /// [MQTT3-3.1.2-4…6], [MQTT3-3.1.4-3], [MQTT3-3.2.2-1…3], [MQTT3-4.1.0-1], [MQTT3-4.1.0-2], [MQTT3-4.5.0-1]
    @Test(arguments: versions)
    func `a session goes on, is kept and is discarded as CONNECT says`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        // MQTT 3.1 has no place in CONNACK to say it.
        let present = version != .v3_1
        let publisher = bus.open().connect("p")
        let first = client(bus, version, "c", keeps: true)
        #expect(first.connAck?.sessionPresent == false)
        #expect(first.connAck?.reasonCode == .success)
        first.subscribe("t", .exactlyOnce)
        first.lose()
        publisher.publish("t", "zero")
        publisher.publish("t", "one", .atLeastOnce)
        publisher.publish("t", "two", .exactlyOnce)
        let second = client(bus, version, "c", keeps: true)
        #expect(second.connAck?.sessionPresent == present)
        #expect(second.connAck?.reasonCode == .success)
        #expect(second.payloads == ["one", "two"])
        publisher.publish("t", "still subscribed")
        #expect(second.payloads.last == "still subscribed")
        second.send(.disconnect(Disconnect()))
        publisher.publish("t", "lost", .atLeastOnce)
        let third = client(bus, version, "c")
        #expect(third.connAck?.sessionPresent == false)
        publisher.publish("t", "nobody", .atLeastOnce)
        #expect(third.publishes.isEmpty)
        third.subscribe("t", .atLeastOnce)
        third.lose()
        #expect(bus.site.sessionCount == 1, "a clean session ends with its connection")
        let fourth = client(bus, version, "c", keeps: true)
        #expect(fourth.connAck?.sessionPresent == false)
        #expect(fourth.publishes.isEmpty)
    }

    /// [MQTT-3.1.4-3], [MQTT3-3.1.4-2], [MQTT-3.14.4-1], [MQTT-3.14.4-2]
    @Test(arguments: versions)
    func `the older connection with the same identifier is closed`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let old = client(bus, version, "c", keeps: true)
        old.subscribe("t", .atLeastOnce)
        let new = client(bus, version, "c", keeps: true)
        #expect(old.isClosed)
        #expect(old.disconnect?.reasonCode == (version == .v5 ? .sessionTakenOver : nil))
        bus.open().connect("p").publish("t", "x", .atLeastOnce)
        #expect(old.publishes.isEmpty)
        #expect(new.payloads == ["x"])
    }

    /// [MQTT-3.1.2-7], [MQTT-3.1.2-8], [MQTT-3.1.2-10], [MQTT-3.1.2-14], [MQTT-3.1.2-15], [MQTT-3.14.4-3],
    /// [MQTT3-3.1.2-8], [MQTT3-3.1.2-10], [MQTT3-3.1.2-12], [MQTT3-3.1.2-16], [MQTT3-3.1.2-17], [MQTT3-3.14.4-3]
    @Test(arguments: versions, [false, true])
    func `the will is published once, as retained as CONNECT asks, unless DISCONNECT takes it back`(
        _ version: ProtocolVersion,
        _ retain: Bool
    ) {
        let bus = BusHarness()
        let watcher = bus.open().connect("w")
        watcher.subscribe("will/#", .exactlyOnce) { $0.retainAsPublished = true }
        let open: (String) -> TestClient = { name in
            let client = bus.open()
            client.version = version
            return client.connect(name) {
                $0.will = Will(topic: "will/\(name)", payload: [0x78], qos: .exactlyOnce, retain: retain)
            }
        }
        open("polite").send(.disconnect(Disconnect()))
        #expect(watcher.publishes.isEmpty)
        open("lost").lose()
        open("rude").send(bytes: [0x00, 0])
        #expect(watcher.publishes.map(\.topic) == ["will/lost", "will/rude"])
        #expect(watcher.publishes.map(\.qos) == [.exactlyOnce, .exactlyOnce])
        #expect(watcher.publishes.map(\.retain) == [retain, retain])
        let late = bus.open().connect("late")
        late.subscribe("will/#")
        #expect(late.publishes.count == (retain ? 2 : 0))
        // Without a will nothing is said, neither now nor for a will of an earlier connection.
        let silent = client(bus, version, "lost")
        silent.lose()
        #expect(watcher.publishes.count == 2)
    }

    /// [MQTT-3.1.3-10] and the other properties of a will
    @Test func `a will's properties are published with it`() {
        let bus = BusHarness()
        let watcher = bus.open().connect("w")
        watcher.subscribe("will")
        bus.open().connect("c") {
            var will = Will(topic: "will", payload: [1])
            will.properties.userProperties = [.init("z", "1"), .init("a", "2"), .init("z", "0")]
            will.properties.contentType = "text"
            will.properties.responseTopic = "back"
            will.properties.correlationData = [9]
            will.properties.payloadFormatIndicator = 0
            will.properties.messageExpiryInterval = 30
            $0.will = will
        }.lose()
        let properties = watcher.publishes.first?.properties
        #expect(properties?.userProperties == [.init("z", "1"), .init("a", "2"), .init("z", "0")])
        #expect(properties?.contentType == "text")
        #expect(properties?.responseTopic == "back")
        #expect(properties?.correlationData == [9])
        #expect(properties?.messageExpiryInterval == 30)
        #expect(properties?.willDelayInterval == nil)
    }

    /// [MQTT-3.1.3-9], [MQTT-3.1.2-8]
    @Test func `a new session with the same identifier ends the old one and publishes its will`() {
        let bus = BusHarness()
        let watcher = bus.open().connect("w")
        watcher.subscribe("will")
        let options: (inout Connect) -> Void = {
            $0.properties.sessionExpiryInterval = 100
            $0.will = Will(topic: "will", payload: Array("gone".utf8))
            $0.will?.properties.willDelayInterval = 50
        }
        bus.open().connect("c", clean: false, options).lose()
        #expect(watcher.payloads == [])
        _ = bus.open().connect("c", clean: true)
        #expect(watcher.payloads == ["gone"])
    }

    /// [MQTT-4.1.0-2], MQTT 5, 3.14.2.2.2
    @Test func `DISCONNECT can change how long the session is kept`() {
        let bus = BusHarness()
        let client = client(bus, .v5, "c", keeps: true)
        var packet = Disconnect()
        packet.properties.sessionExpiryInterval = 10
        client.send(.disconnect(packet))
        bus.advance(seconds: 9)
        #expect(bus.shards[0].sessionCount == 1)
        bus.advance(seconds: 2)
        #expect(bus.shards[0].sessionCount == 0)
        let limited = BusHarness { $0.sessionExpiryMaximum = 60 }
        let long = limited.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = .max }
        #expect(long.connAck?.properties.sessionExpiryInterval == 60)
        long.lose()
        limited.advance(seconds: 61)
        #expect(limited.shards[0].sessionCount == 0)
    }

    /// [MQTT-3.14.4-1], [MQTT-3.14.2-1], [MQTT-3.14.2-2]
    @Test func `nothing follows DISCONNECT, not even a will of the same moment`() {
        let bus = BusHarness()
        let clients = (0..<3).map { i in
            let client = bus.open().connect("c\(i)") {
                $0.keepAlive = 10
                $0.will = Will(topic: "will", payload: [UInt8(i)], qos: .atLeastOnce)
            }
            client.subscribe("will", .exactlyOnce)
            return client
        }
        bus.advance(seconds: 60)
        for client in clients {
            guard case .disconnect(let last)? = client.received.last else {
                Issue.record("the last packet is \(String(describing: client.received.last))")
                continue
            }
            #expect(last.reasonCode == .keepAliveTimeout)
            #expect(last.properties.sessionExpiryInterval == nil)
        }
    }

    @Test func `going down is said to everybody, last of all`() {
        let bus = BusHarness { $0.serverReference = "other:1883" }
        let clients = Self.versions.map { version in
            let client = bus.open()
            client.version = version
            client.connect("c\(version)") { $0.will = Will(topic: "will", payload: [1]) }
            client.subscribe("#")
            return client
        }
        bus.shards[0].drain()
        bus.run()
        #expect(clients.allSatisfy { $0.isClosed })
        #expect(clients.allSatisfy { $0.publishes.isEmpty })
        #expect(clients[2].disconnect?.reasonCode == .serverShuttingDown)
        #expect(clients[2].disconnect?.properties.serverReference == "other:1883")
        // [MQTT-3.2.2-8]
        let late = bus.open().connect("late")
        #expect(late.connAck?.reasonCode == .useAnotherServer)
        #expect(late.connAck?.properties.serverReference == "other:1883")
    }

    /// [MQTT-3.14.4-3]: only a normal disconnection takes the will back.
    @Test(arguments: [
        UInt8(0x00), 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    ])
    func `each reason of a client's DISCONNECT is taken`(_ code: UInt8) {
        let bus = BusHarness()
        let watcher = bus.open().connect("w")
        watcher.subscribe("will")
        let client = bus.open().connect("c") { $0.will = Will(topic: "will", payload: [1]) }
        client.forget()
        client.send(.disconnect(Disconnect(reasonCode: ReasonCode(rawValue: code))))
        #expect(client.isClosed)
        #expect(client.received.isEmpty)
        #expect(watcher.publishes.count == (code == 0 ? 0 : 1))
    }

    /// [MQTT-3.3.2-7], [MQTT-3.1.2-26], [MQTT-3.1.2-27], [MQTT-3.3.2-11]
    @Test func `topic aliases are a connection's own`() {
        let bus = BusHarness { $0.topicAliasMaximum = 8 }
        let first = bus.open().connect("c", clean: false) {
            $0.properties.sessionExpiryInterval = 100
            $0.properties.topicAliasMaximum = 2
        }
        #expect(first.connAck?.properties.topicAliasMaximum == 8)
        first.subscribe("#", .atLeastOnce)
        let publisher = bus.open().connect("p")
        for topic in ["a", "b", "c", "a"] { publisher.publish(topic, "x", .atLeastOnce) }
        #expect(first.publishes.map(\.properties.topicAlias) == [1, 2, nil, 1])
        #expect(first.publishes.map(\.topic) == ["a", "b", "c", ""])
        first.publish("mine", "1") { $0.properties.topicAlias = 8 }
        first.lose()
        publisher.publish("a", "y", .atLeastOnce)
        let second = bus.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        #expect(second.publishes.map(\.topic) == ["a"])
        #expect(second.publishes.allSatisfy { $0.properties.topicAlias == nil })
        second.publish("", "2") { $0.properties.topicAlias = 8 }
        #expect(second.disconnect?.reasonCode == .protocolError)
        let none = BusHarness { $0.topicAliasMaximum = 0 }
        let client = none.open().connect("c")
        #expect(client.connAck?.properties.topicAliasMaximum == nil)
        client.publish("t", "x") { $0.properties.topicAlias = 1 }
        #expect(client.disconnect?.reasonCode == .topicAliasInvalid)
    }
}
