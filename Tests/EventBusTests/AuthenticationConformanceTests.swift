import Access
import EventBus
import Foundation
import MQTTWire
import Testing

/// Enhanced authentication with SCRAM-SHA-256, MQTT 5 section 4.12.
@Suite struct AuthenticationConformanceTests {
    private static let method = "SCRAM-SHA-256"

    /// A site with the user ada, password secret.
    private func site(freeFailures: UInt32 = 100) throws -> BusHarness {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "weir-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("passwords").path
        var editor = try PasswordFileEditor(path: path, creating: true)
        _ = try editor.set("ada", .scram(ScramCredential(password: "secret", iterations: 4_096)))
        try editor.write()
        var access = AccessSettings()
        access.passwordFile = path
        access.allowAnonymous = true
        access.throttle.freeFailures = freeFailures
        return BusHarness(access: access)
    }

    private func begin(_ bus: BusHarness, _ data: [UInt8]?, _ change: (inout Connect) -> Void = { _ in })
        -> TestClient
    {
        let client = bus.open()
        return client.connect("c") {
            $0.properties.authenticationMethod = Self.method
            $0.properties.authenticationData = data
            change(&$0)
        }
    }

    private func auth(_ reason: ReasonCode, _ data: [UInt8]?, method: String? = method) -> Packet {
        .auth(Auth(reasonCode: reason, method: method, data: data))
    }

    /// [MQTT-4.12.0-2], [MQTT-4.12.0-5], [MQTT-3.15.2-1], [MQTT-3.2.0-1], [MQTT-4.12.1-1], [MQTT-4.12.1-2],
    /// [MQTT-3.15.2-2], [MQTT-3.15.2-3]: our AUTH never has a reason string or user properties.
    @Test func `a client proves who it is, and does so again`() throws {
        let bus = try site()
        var scram = try ScramClient(username: "ada", password: "secret")
        let client = begin(bus, scram.firstMessage) { $0.properties.maximumPacketSize = 300 }
        #expect(client.received.count == 1)
        let challenge = try #require(client.auths.first)
        #expect(challenge.reasonCode == .continueAuthentication)
        #expect(challenge.properties.authenticationMethod == Self.method)
        #expect(challenge.properties.reasonString == nil && challenge.properties.userProperties.isEmpty)
        let final = try scram.receiveFirst(challenge.properties.authenticationData ?? [])
        client.send(auth(.continueAuthentication, final))
        let connAck = try #require(client.connAck)
        #expect(connAck.reasonCode == .success)
        #expect(connAck.properties.authenticationMethod == Self.method)
        try scram.receiveFinal(connAck.properties.authenticationData ?? [])

        client.subscribe("t")
        var again = try ScramClient(username: "ada", password: "secret")
        client.send(auth(.reauthenticate, again.firstMessage))
        client.publish("t", "in between")
        let second = try #require(client.auths.last)
        client.send(
            auth(.continueAuthentication, try again.receiveFirst(second.properties.authenticationData ?? []))
        )
        let success = try #require(client.auths.last)
        #expect(success.reasonCode == .success)
        #expect(success.properties.authenticationMethod == Self.method)
        try again.receiveFinal(success.properties.authenticationData ?? [])
        client.publish("t", "afterwards")
        #expect(client.payloads == ["in between", "afterwards"])
        #expect(client.connAckCount == 1)
    }

    /// [MQTT-4.12.1-2], [MQTT-4.13.2-1], [MQTT-3.14.2-1]
    @Test func `a wrong password at re-authentication ends the connection`() throws {
        let bus = try site()
        var scram = try ScramClient(username: "ada", password: "secret")
        let client = begin(bus, scram.firstMessage)
        client.send(
            auth(
                .continueAuthentication,
                try scram.receiveFirst(client.auths.first?.properties.authenticationData ?? [])
            )
        )
        var wrong = try ScramClient(username: "ada", password: "guess")
        client.send(auth(.reauthenticate, wrong.firstMessage))
        client.send(
            auth(
                .continueAuthentication,
                try wrong.receiveFirst(client.auths.last?.properties.authenticationData ?? [])
            )
        )
        #expect(client.disconnect?.reasonCode == .notAuthorized)
        #expect(client.isClosed)
    }

    /// [MQTT-4.12.0-1], [MQTT-4.12.0-4], [MQTT-3.14.0-1], [MQTT-3.1.2-30]
    @Test func `an exchange that goes wrong is refused in CONNACK and closed`() throws {
        let bus = try site()
        let unknown = bus.open().connect("c") { $0.properties.authenticationMethod = "PLAIN" }
        #expect(unknown.connAck?.reasonCode == .badAuthenticationMethod)
        #expect(unknown.isClosed)

        var wrong = try ScramClient(username: "ada", password: "guess")
        let guesser = begin(bus, wrong.firstMessage)
        guesser.send(
            auth(
                .continueAuthentication,
                try wrong.receiveFirst(guesser.auths.first?.properties.authenticationData ?? [])
            )
        )
        #expect(guesser.connAck?.reasonCode == .badUserNameOrPassword)
        #expect(guesser.connAck?.properties.authenticationMethod == nil)
        #expect(guesser.isClosed)

        let scram = try ScramClient(username: "ada", password: "secret")
        let others: [Packet] = [
            auth(.continueAuthentication, [1], method: "OTHER"), auth(.reauthenticate, [1]), .pingReq,
            .publish(Publish(topic: "t", payload: [])), .connect(Connect(clientID: "c")),
        ]
        for packet in others {
            let client = begin(bus, scram.firstMessage)
            client.send(packet)
            #expect(client.connAck?.reasonCode == .protocolError)
            #expect(client.disconnect == nil)
            #expect(client.isClosed)
        }
        let quitter = begin(bus, scram.firstMessage)
        quitter.send(.disconnect(Disconnect()))
        #expect(quitter.isClosed)
        #expect(quitter.connAck == nil)
        for data: [UInt8]? in [
            nil, [], [0xFF], Array("n,,n=ada".utf8), Array(repeating: 0x41, count: 10_000),
        ] {
            #expect(begin(bus, data).connAck?.reasonCode.isFailure == true)
        }
        #expect(bus.site.sessionCount == 0)
        #expect(bus.shards[0].connectionCount == 0)
    }

    /// [MQTT-4.12.0-6], [MQTT-4.12.0-7]
    @Test func `without a method there is no AUTH`() throws {
        let bus = try site()
        let client = bus.open().connect("c")
        #expect(client.connAck?.properties.authenticationMethod == nil)
        #expect(client.auths.isEmpty)
        client.send(auth(.reauthenticate, [1]))
        #expect(client.disconnect?.reasonCode == .protocolError)
        #expect(client.isClosed)
    }

    @Test func `guesses by SCRAM slow an address down as others do`() throws {
        let bus = try site(freeFailures: 3)
        let peer = PeerInfo(address: "192.0.2.1:9", addressKey: (1, 1), isLoopback: false)
        var codes: [ReasonCode?] = []
        for _ in 0..<6 {
            var wrong = try ScramClient(username: "nobody", password: "guess")
            let client = bus.open(peer: peer)
            client.connect("c") {
                $0.properties.authenticationMethod = Self.method
                $0.properties.authenticationData = wrong.firstMessage
            }
            if let challenge = client.auths.first?.properties.authenticationData {
                client.send(auth(.continueAuthentication, try wrong.receiveFirst(challenge)))
            }
            codes.append(client.connAck?.reasonCode)
        }
        #expect(codes.first == .badUserNameOrPassword)
        #expect(codes.last == .connectionRateExceeded)
    }
}
