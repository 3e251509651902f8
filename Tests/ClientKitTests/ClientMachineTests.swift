import ClientKit
import MQTTWire
import Testing

/// Packets that a broker would send, and those that the client sent.
struct MachineHarness {
    var machine: ClientMachine
    let version: ProtocolVersion

    init(version: ProtocolVersion = .v5) {
        self.version = version
        machine = ClientMachine(version: version)
    }

    /// Connects, the broker answering with `answer`.
    static func connected(version: ProtocolVersion = .v5, _ properties: Properties = Properties()) throws
        -> Self
    {
        var harness = MachineHarness(version: version)
        try harness.machine.connect(Connect(version: version, clientID: "c"))
        var answer = ConnAck()
        answer.properties = properties
        #expect(try harness.receive(.connAck(answer)) == [.connected(answer)])
        _ = try harness.sent()
        return harness
    }

    mutating func receive(_ packet: Packet) throws -> [ClientEvent] {
        var bytes: [UInt8] = []
        try packet.encode(into: &bytes, version: version)
        // Byte by byte, as slow networks do.
        for byte in bytes { try machine.receive([byte]) }
        return machine.takeEvents()
    }

    mutating func sent() throws -> [Packet] {
        var offset = 0
        var packets: [Packet] = []
        let output = machine.output
        machine.output = []
        while let packet = try Packet.decode(
            output.span.bytes,
            at: &offset,
            version: version,
            sender: .client
        ) {
            packets.append(packet)
        }
        #expect(offset == output.count)
        return packets
    }
}

struct ClientMachineTests {
    @Test func `CONNECT comes first`() throws {
        var harness = MachineHarness()
        #expect(throws: ClientError.self) { try harness.machine.publish(Publish(topic: "a", payload: [])) }
        try harness.machine.connect(Connect(version: .v5, clientID: "c"))
        #expect(try harness.sent() == [.connect(Connect(version: .v5, clientID: "c"))])
        #expect(!harness.machine.isConnected)
    }

    @Test(arguments: [ReasonCode.notAuthorized, .badUserNameOrPassword, .serverUnavailable])
    func `a refusal is told with its code`(code: ReasonCode) throws {
        var harness = MachineHarness()
        try harness.machine.connect(Connect(version: .v5, clientID: "c"))
        let error = #expect(throws: ClientError.self) {
            try harness.receive(.connAck(ConnAck(reasonCode: code)))
        }
        #expect(error?.kind == .refused(code))
    }

    @Test func `a 3.1.1 return code is told as a reason code`() throws {
        var harness = MachineHarness(version: .v3_1_1)
        try harness.machine.connect(Connect(version: .v3_1_1, clientID: "c"))
        let error = #expect(throws: ClientError.self) { try harness.machine.receive([0x20, 2, 0, 5]) }
        #expect(error?.kind == .refused(.notAuthorized))
    }

    @Test func `QoS 0 has no packet identifier and is forgotten`() throws {
        var harness = try MachineHarness.connected()
        #expect(try harness.machine.publish(Publish(topic: "a", payload: [1])) == 0)
        #expect(harness.machine.inFlight == 0)
        #expect(try harness.sent() == [.publish(Publish(topic: "a", payload: [1]))])
    }

    @Test func `QoS 1 is complete with its PUBACK`() throws {
        var harness = try MachineHarness.connected()
        let id = try harness.machine.publish(Publish(topic: "a", payload: [], qos: .atLeastOnce))
        #expect(id == 1)
        #expect(harness.machine.inFlight == 1)
        let events = try harness.receive(
            .acknowledgement(Acknowledgement(.pubAck, packetID: 1, reasonCode: .quotaExceeded))
        )
        #expect(events == [.completed(packetID: 1, .quotaExceeded)])
        #expect(harness.machine.inFlight == 0)
    }

    @Test func `QoS 2 is complete with its PUBCOMP`() throws {
        var harness = try MachineHarness.connected()
        let id = try harness.machine.publish(Publish(topic: "a", payload: [], qos: .exactlyOnce))
        _ = try harness.sent()
        #expect(try harness.receive(.acknowledgement(Acknowledgement(.pubRec, packetID: id))) == [])
        #expect(try harness.sent() == [.acknowledgement(Acknowledgement(.pubRel, packetID: id))])
        let events = try harness.receive(.acknowledgement(Acknowledgement(.pubComp, packetID: id)))
        #expect(events == [.completed(packetID: id, .success)])
    }

    @Test func `a refusing PUBREC ends the handshake`() throws {
        var harness = try MachineHarness.connected()
        let id = try harness.machine.publish(Publish(topic: "a", payload: [], qos: .exactlyOnce))
        _ = try harness.sent()
        let refusal = Acknowledgement(.pubRec, packetID: id, reasonCode: .notAuthorized)
        #expect(try harness.receive(.acknowledgement(refusal)) == [.completed(packetID: id, .notAuthorized)])
        #expect(try harness.sent().isEmpty)
    }

    @Test func `an acknowledgement of nothing is a protocol error`() throws {
        var harness = try MachineHarness.connected()
        let error = #expect(throws: ClientError.self) {
            try harness.receive(.acknowledgement(Acknowledgement(.pubAck, packetID: 7)))
        }
        #expect(error?.kind == .protocolError)
    }

    @Test func `the broker's receive maximum is kept`() throws {
        var properties = Properties()
        properties.receiveMaximum = 2
        var harness = try MachineHarness.connected(properties)
        for _ in 0..<2 {
            try _ = harness.machine.publish(Publish(topic: "a", payload: [], qos: .atLeastOnce))
        }
        #expect(!harness.machine.canSend)
        #expect(throws: ClientError.self) {
            try harness.machine.publish(Publish(topic: "a", payload: [], qos: .atLeastOnce))
        }
        #expect(try harness.machine.publish(Publish(topic: "a", payload: [])) == 0, "QoS 0 is not limited")
        _ = try harness.receive(.acknowledgement(Acknowledgement(.pubAck, packetID: 1)))
        #expect(harness.machine.canSend)
    }

    @Test func `what the broker cannot take is not sent`() throws {
        var properties = Properties()
        properties.maximumQoS = .atLeastOnce
        properties.retainAvailable = false
        properties.maximumPacketSize = 20
        var harness = try MachineHarness.connected(properties)
        for message in [
            Publish(topic: "a", payload: [], qos: .exactlyOnce),
            Publish(topic: "a", payload: [], retain: true),
            Publish(topic: "a", payload: Array(repeating: 0, count: 30)),
        ] {
            let error = #expect(throws: ClientError.self) { try harness.machine.publish(message) }
            #expect(error?.kind == .usage)
        }
        #expect(try harness.sent().isEmpty)
        #expect(harness.machine.inFlight == 0)
    }

    @Test func `the server's keep alive goes before ours`() throws {
        var properties = Properties()
        properties.serverKeepAlive = 7
        #expect(try MachineHarness.connected(properties).machine.keepAlive == 7)
        #expect(try MachineHarness.connected().machine.keepAlive == 60)
    }

    @Test func `received messages are acknowledged and told`() throws {
        var harness = try MachineHarness.connected()
        let one = Publish(topic: "a", payload: [1], qos: .atLeastOnce, packetID: 5)
        #expect(try harness.receive(.publish(one)) == [.message(one)])
        #expect(try harness.sent() == [.acknowledgement(Acknowledgement(.pubAck, packetID: 5))])
    }

    /// `[MQTT-4.3.3-10]`
    @Test func `a QoS 2 message is told once until its PUBREL`() throws {
        var harness = try MachineHarness.connected()
        var message = Publish(topic: "a", payload: [1], qos: .exactlyOnce, packetID: 5)
        #expect(try harness.receive(.publish(message)) == [.message(message)])
        message.isDuplicate = true
        #expect(try harness.receive(.publish(message)) == [])
        _ = try harness.sent()
        #expect(try harness.receive(.acknowledgement(Acknowledgement(.pubRel, packetID: 5))) == [])
        #expect(try harness.sent() == [.acknowledgement(Acknowledgement(.pubComp, packetID: 5))])
        message.isDuplicate = false
        #expect(try harness.receive(.publish(message)) == [.message(message)], "the identifier is free again")
    }

    @Test func `topic aliases of the broker are resolved`() throws {
        var harness = MachineHarness()
        var connect = Connect(version: .v5, clientID: "c")
        connect.properties.topicAliasMaximum = 2
        try harness.machine.connect(connect)
        _ = try harness.receive(.connAck(ConnAck()))
        var first = Publish(topic: "long/topic", payload: [1])
        first.properties.topicAlias = 2
        _ = try harness.receive(.publish(first))
        var second = Publish(topic: "", payload: [2])
        second.properties.topicAlias = 2
        guard case .message(let message)? = try harness.receive(.publish(second)).first else {
            Issue.record("no message")
            return
        }
        #expect(message.topic == "long/topic")
        var third = Publish(topic: "", payload: [3])
        third.properties.topicAlias = 1
        #expect(throws: ClientError.self) { try harness.receive(.publish(third)) }
    }

    @Test func `subscribing and unsubscribing`() throws {
        var harness = try MachineHarness.connected()
        let id = try harness.machine.subscribe([Subscription(try TopicFilter("a/+"))])
        let answer = SubAck(packetID: id, reasonCodes: [.grantedQoS0])
        #expect(try harness.receive(.subAck(answer)) == [.subscribed(answer)])
        let other = try harness.machine.unsubscribe([try TopicFilter("a/+")])
        let goodbye = UnsubAck(packetID: other, reasonCodes: [.success])
        #expect(try harness.receive(.unsubAck(goodbye)) == [.unsubscribed(goodbye)])
        #expect(throws: ClientError.self) { try harness.receive(.unsubAck(goodbye)) }
    }

    @Test func `nothing can be sent after DISCONNECT`() throws {
        var harness = try MachineHarness.connected()
        try harness.machine.disconnect()
        #expect(throws: ClientError.self) { try harness.machine.ping() }
    }

    @Test func `the broker's DISCONNECT is told and the rest is not read`() throws {
        var harness = try MachineHarness.connected()
        let packet = Disconnect(reasonCode: .serverShuttingDown)
        #expect(try harness.receive(.disconnect(packet)) == [.disconnected(packet)])
        try harness.machine.receive([0xFF, 0xFF])
        #expect(harness.machine.takeEvents().isEmpty)
    }

    @Test func `malformed bytes are an error and never a trap`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var harness = try MachineHarness.connected()
            let bytes = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            try? harness.machine.receive(bytes)
        }
    }

    @Test func `packet identifiers go round and pass over those in use`() throws {
        var harness = try MachineHarness.connected()
        let kept = try harness.machine.publish(Publish(topic: "a", payload: [], qos: .atLeastOnce))
        #expect(kept == 1)
        var seen: Set<UInt16> = []
        for _ in 0..<65_534 {
            let id = try harness.machine.subscribe([Subscription(try TopicFilter("a"))])
            seen.insert(id)
            _ = try harness.receive(.subAck(SubAck(packetID: id, reasonCodes: [.grantedQoS0])))
            harness.machine.output = []
        }
        #expect(seen.count == 65_534 && !seen.contains(kept) && !seen.contains(0))
    }
}
