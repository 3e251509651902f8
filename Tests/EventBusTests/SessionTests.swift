import Access
import EventBus
import MQTTWire
import Testing

@Suite struct SessionTests {
    /// [MQTT-3.1.0-1]
    @Test func `anything but CONNECT first closes the connection`() {
        let bus = BusHarness()
        let client = bus.open()
        client.send(.pingReq)
        #expect(client.isClosed)
    }

    /// [MQTT-3.1.0-2]
    @Test func `a second CONNECT is a protocol error`() {
        let bus = BusHarness()
        let client = bus.open().connect("a").connect("a")
        #expect(client.disconnect?.reasonCode == .protocolError)
        #expect(client.isClosed)
    }

    /// [MQTT-3.1.4-3]
    @Test func `a newer connection takes the session over`() {
        let bus = BusHarness()
        let old = bus.open().connect("same", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        old.subscribe("t", .atLeastOnce)
        let new = bus.open().connect("same", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        #expect(old.disconnect?.reasonCode == .sessionTakenOver)
        #expect(old.isClosed)
        #expect(new.connAck?.sessionPresent == true)
        bus.open().connect("pub").publish("t", "x")
        #expect(new.payloads == ["x"])
        #expect(bus.site.sessionCount == 2)
    }

    /// [MQTT-3.1.2-4], [MQTT-3.1.2-6], [MQTT-3.2.2-2]
    @Test func `clean start discards the session`() {
        let bus = BusHarness()
        let old = bus.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        old.subscribe("t")
        old.lose()
        let new = bus.open().connect("c", clean: true)
        #expect(new.connAck?.sessionPresent == false)
        bus.open().connect("pub").publish("t", "x")
        #expect(new.payloads == [])
        #expect(bus.shards[0].subscriptionCount == 0)
    }

    /// [MQTT-4.1.0-1], [MQTT-4.1.0-2], [MQTT-3.1.2-23]
    @Test func `a session lives its expiry interval and no longer`() {
        let bus = BusHarness()
        let client = bus.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        client.subscribe("t", .atLeastOnce)
        client.lose()
        bus.advance(seconds: 99)
        #expect(bus.shards[0].sessionCount == 1)
        bus.advance(seconds: 2)
        #expect(bus.shards[0].sessionCount == 0)
        #expect(bus.site.sessionCount == 0)
        #expect(bus.shards[0].subscriptionCount == 0)
    }

    /// [MQTT-4.4.0-1], [MQTT-4.6.0-1], [MQTT-3.3.1-1]
    @Test func `what was not acknowledged is sent again in order with DUP and its identifier`() {
        let bus = BusHarness()
        let first = bus.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        first.answers = false
        first.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("pub")
        publisher.publish("t", "one", .atLeastOnce)
        publisher.publish("t", "two", .exactlyOnce)
        publisher.publish("t", "three", .exactlyOnce)
        let ids = first.publishes.map(\.packetID)
        first.send(.acknowledgement(Acknowledgement(.pubRec, packetID: ids[1])))
        first.lose()
        publisher.publish("t", "four", .atLeastOnce)
        let second = bus.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        #expect(second.payloads == ["one", "three", "four"])
        #expect(second.publishes.map(\.isDuplicate) == [true, true, false])
        #expect(second.publishes.prefix(2).map(\.packetID) == [ids[0], ids[2]])
        // [MQTT-4.3.3-5]: two was received, so only its PUBREL comes.
        #expect(second.acknowledgements(.pubRel).first?.packetID == ids[1])
    }

    @Test func `resending respects a smaller receive maximum`() {
        let bus = BusHarness()
        let first = bus.open().connect("c", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        first.answers = false
        first.subscribe("t", .atLeastOnce)
        let publisher = bus.open().connect("pub")
        for i in 1...6 { publisher.publish("t", "\(i)", .atLeastOnce) }
        first.lose()
        let second = bus.open()
        second.answers = false
        second.connect("c", clean: false) {
            $0.properties.sessionExpiryInterval = 100
            $0.properties.receiveMaximum = 2
        }
        #expect(second.payloads == ["1", "2"])
        for i in 0..<6 where i < second.publishes.count {
            second.send(.acknowledgement(Acknowledgement(.pubAck, packetID: second.publishes[i].packetID)))
        }
        #expect(second.payloads == ["1", "2", "3", "4", "5", "6"])
        #expect(!second.publishes.map(\.isDuplicate).contains(false))
    }

    /// [MQTT-3.1.2-8], [MQTT-3.1.2-10]
    @Test func `the will is published when the connection breaks and not after DISCONNECT`() {
        let bus = BusHarness()
        let watcher = bus.open().connect("watch")
        watcher.subscribe("will/#", .atLeastOnce)
        let will: (inout Connect) -> Void = {
            $0.will = Will(topic: "will/c", payload: Array("gone".utf8), qos: .atLeastOnce)
        }
        bus.open().connect("c", will).lose()
        #expect(watcher.payloads == ["gone"])
        let polite = bus.open().connect("c", will)
        polite.send(.disconnect(Disconnect()))
        #expect(polite.isClosed)
        #expect(watcher.payloads == ["gone"])
        // [MQTT 3.14.2.1]: DISCONNECT may ask for it.
        bus.open().connect("c", will).send(.disconnect(Disconnect(reasonCode: .disconnectWithWillMessage)))
        #expect(watcher.payloads == ["gone", "gone"])
    }

    /// [MQTT-3.1.3-9]
    @Test func `a delayed will is not published when the client comes back in time`() {
        let bus = BusHarness()
        let watcher = bus.open().connect("watch")
        watcher.subscribe("will")
        let options: (inout Connect) -> Void = {
            $0.properties.sessionExpiryInterval = 100
            $0.will = Will(topic: "will", payload: Array("gone".utf8))
            $0.will?.properties.willDelayInterval = 10
        }
        bus.open().connect("c", clean: false, options).lose()
        bus.advance(seconds: 5)
        let back = bus.open().connect("c", clean: false, options)
        bus.advance(seconds: 20)
        #expect(watcher.payloads == [])
        back.lose()
        bus.advance(seconds: 9)
        #expect(watcher.payloads == [])
        bus.advance(seconds: 2)
        #expect(watcher.payloads == ["gone"])
    }

    @Test func `a delayed will comes with the end of the session at the latest`() {
        let bus = BusHarness()
        let watcher = bus.open().connect("watch")
        watcher.subscribe("will")
        let client = bus.open().connect("c", clean: false) {
            $0.properties.sessionExpiryInterval = 5
            $0.will = Will(topic: "will", payload: Array("gone".utf8))
            $0.will?.properties.willDelayInterval = 1_000
        }
        client.lose()
        bus.advance(seconds: 6)
        #expect(watcher.payloads == ["gone"])
    }

    /// [MQTT-3.1.2-22]
    @Test func `silence for one and a half keep alives ends the connection`() {
        let bus = BusHarness()
        let client = bus.open().connect("c") { $0.keepAlive = 10 }
        bus.advance(seconds: 14)
        client.send(.pingReq)
        bus.advance(seconds: 14)
        #expect(!client.isClosed)
        bus.advance(seconds: 4)
        #expect(client.disconnect?.reasonCode == .keepAliveTimeout)
        #expect(client.isClosed)
    }

    /// [MQTT-3.2.2-21]
    @Test func `the server's keep alive replaces a longer one`() {
        let bus = BusHarness { $0.keepAliveMaximum = 30 }
        #expect(bus.open().connect("a") { $0.keepAlive = 300 }.connAck?.properties.serverKeepAlive == 30)
        #expect(bus.open().connect("b") { $0.keepAlive = 20 }.connAck?.properties.serverKeepAlive == nil)
        #expect(bus.open().connect("c") { $0.keepAlive = 0 }.connAck?.properties.serverKeepAlive == 30)
    }

    /// [MQTT-3.1.3-6], [MQTT-3.1.3-7], [MQTT-3.2.2-16]
    @Test func `a client without identifier is given one of its own`() {
        let bus = BusHarness()
        let a = bus.open().connect("").connAck?.properties.assignedClientIdentifier
        let b = bus.open().connect("").connAck?.properties.assignedClientIdentifier
        #expect(a?.isEmpty == false)
        #expect(a != b)
    }

    @Test func `a session that was to end with its connection cannot be given a life`() {
        let bus = BusHarness()
        let client = bus.open().connect("c")
        var packet = Disconnect()
        packet.properties.sessionExpiryInterval = 10
        client.send(.disconnect(packet))
        #expect(client.disconnect?.reasonCode == .protocolError)
    }

    @Test func `a queue beyond its quota drops the oldest and says so in a counter`() {
        var access = AccessSettings()
        access.quotas.queuedMessages = 1_000
        let bus = BusHarness(access: access)
        let subscriber = bus.open().connect("s", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        subscriber.subscribe("t", .atLeastOnce)
        subscriber.lose()
        let quota = 1_000
        let publisher = bus.open().connect("pub")
        for i in 0..<quota + 10 { publisher.publish("t", "\(i)", .atLeastOnce) }
        let dropped = bus.shards[0].counters.droppedQueueFull
        let again = bus.open().connect("s", clean: false) { $0.properties.sessionExpiryInterval = 100 }
        #expect(again.publishes.count + dropped == quota + 10)
        #expect(again.payloads.last == "\(quota + 9)")
    }

    @Test func `lines below the level that is logged are not made`() {
        let bus = BusHarness()
        bus.open().connect("told").lose()
        #expect(bus.logs.map(\.message).contains("client connected"))
        bus.shards[0].loggedLevel = .info
        let before = bus.logs.count
        bus.open().connect("quiet").lose()
        #expect(bus.logs.count == before)
    }
}
