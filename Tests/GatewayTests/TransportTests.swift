import Access
import COpenSSL
import EventBus
import Foundation
import Gateway
import Reactor
import SocketTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct TransportTests {
    let files: TestCertificates

    init() throws {
        files = try TestCertificates.shared.get()
    }

    private func listener(
        _ scheme: String,
        _ change: (inout ListenerSettings) -> Void = { _ in }
    ) throws -> ListenerSettings {
        try TestGateway.listener("\(scheme)://127.0.0.1:0") {
            $0.tls?.certificateFile = files.path("server.pem")
            $0.tls?.keyFile = files.path("server.key")
            change(&$0)
        }
    }

    private func options(_ change: (inout TLSTestClient.Options) -> Void = { _ in }) -> TLSTestClient.Options
    {
        var options = TLSTestClient.Options()
        options.caFile = files.path("ca.pem")
        change(&options)
        return options
    }

    private func roundTrip(_ client: TestClient, payload count: Int = 3) throws {
        try client.send(Packet.connect("c1") + Packet.subscribe("a"))
        #expect(try client.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        let message = Packet.publish("a", (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 17) })
        try client.send(message)
        #expect(try client.receive(exactly: message.count) == message)
    }

    @Test(arguments: ["tcp", "tls", "ws", "wss"], [3, 200, 300_000])
    func `messages of any size over every transport`(scheme: String, count: Int) throws {
        let server = try TestGateway([listener(scheme)])
        let client = try TestClient(
            to: server.address,
            tls: scheme == "tls" || scheme == "wss" ? options() : nil,
            webSocket: scheme.hasPrefix("ws") ? WebSocketUpgradeTests.good : nil
        )
        try roundTrip(client, payload: count)
        // A burst both ways.
        let messages = (0..<1000).flatMap { Packet.publish("a", [UInt8(truncatingIfNeeded: $0)]) }
        try client.send(messages)
        #expect(try client.receive(exactly: messages.count) == messages)
        try client.send(Packet.disconnect)
        #expect(try client.receive(exactly: 1) == [])
        if scheme.hasPrefix("ws") { #expect(client.closeCode == 1000) }
        if let tls = client.tls { #expect(tls.hasEnded, "TLS ends in due form") }
    }

    @Test(arguments: ["tls", "ws", "wss"]) func `a slow reader over a layered transport gets everything`(
        scheme: String
    ) throws {
        var bus = BusSettings()
        bus.outputBytesMaximum = 64 << 20
        let server = try TestGateway([listener(scheme)], bus: bus)
        let client = try TestClient(
            to: server.address,
            tls: scheme == "ws" ? nil : options(),
            webSocket: scheme == "tls" ? nil : WebSocketUpgradeTests.good,
            receiveBufferBytes: 4096
        )
        try client.send(Packet.connect("reader") + Packet.subscribe("a"))
        #expect(try client.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        // 8 MB: more than the kernel's buffers hold.
        let message = Packet.publish("a", [UInt8](repeating: 5, count: 16_000))
        let writer = try TestClient(
            to: server.address,
            tls: scheme == "ws" ? nil : options(),
            webSocket: scheme == "tls" ? nil : WebSocketUpgradeTests.good
        )
        try writer.send(Packet.connect("writer"))
        #expect(try writer.receive(exactly: 4) == Packet.connAck)
        let framed = writer.framed(message)
        for _ in 0..<500 { try writer.sendRaw(framed) }
        try writer.send(Packet.pingReq)
        #expect(try writer.receive(exactly: 2) == Packet.pingResp)
        for _ in 0..<500 { #expect(try client.receive(exactly: message.count) == message) }
    }

    @Test func `a client certificate's name is the user's`() async throws {
        var access = AccessSettings()
        access.listeners["test"] = .init(allowAnonymous: false, usernameFrom: .commonName)
        let server = try TestGateway(
            [
                listener("tls") {
                    $0.tls?.clientCertificate = .required
                    $0.tls?.caFile = files.path("ca.pem")
                }
            ],
            access: access
        )
        let client = try TestClient(
            to: server.address,
            tls: options { $0.certificate = (files.path("client.pem"), files.path("client.key")) }
        )
        try roundTrip(client)
        #expect(server.logged("client connected").map { $0["user"] } == ["dev7"])
        let stranger = try TestClient(
            to: server.address,
            tls: options { $0.certificate = (files.path("stranger.pem"), files.path("stranger.key")) }
        )
        try? stranger.send(Packet.connect("c2"))
        #expect((try? stranger.receive(exactly: 4)) ?? [] == [])
        #expect(try await server.eventually { server.logged("TLS failed").count == 1 })
        #expect(await server.sum(\.gateway.tlsFailures) == 1)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func `a pre-shared key's identity is the user's`(
        version: Int32
    ) throws {
        let keys = files.directory.appending(path: "keys-\(version)")
        try Data("dev9:00112233445566778899aabbccddeeff\n".utf8).write(to: keys)
        var access = AccessSettings()
        access.preSharedKeyFile = keys.path
        access.listeners["test"] = .init(allowAnonymous: false, usernameFrom: .commonName)
        let server = try TestGateway(
            [
                listener("tls") {
                    $0.tls?.preSharedKeys = true
                    $0.tls?.certificateFile = nil
                    $0.tls?.keyFile = nil
                }
            ],
            access: access
        )
        let key = (0..<16).map { UInt8($0 * 0x11) }
        let client = try TestClient(
            to: server.address,
            tls: options {
                $0.preSharedKey = ("dev9", key)
                $0.ciphers = "PSK"
                $0.maximumVersion = version
            }
        )
        try roundTrip(client)
        #expect(server.logged("client connected").map { $0["user"] } == ["dev9"])
    }

    @Test func `certificates are replaced while a connection runs`() throws {
        let settings = try listener("tls")
        let server = try TestGateway([settings])
        let old = try TestClient(to: server.address, tls: options())
        try roundTrip(old)
        var changed = settings
        changed.tls?.certificateFile = files.path("server2.pem")
        changed.tls?.keyFile = files.path("server2.key")
        try server.gateway.reload(
            listeners: [changed],
            bus: BusSettings(),
            access: AccessControl(AccessSettings())
        )
        let new = try TestClient(to: server.address, tls: options())
        #expect(new.tls?.serverFingerprint != old.tls?.serverFingerprint)
        try old.send(Packet.pingReq)
        #expect(try old.receive(exactly: 2) == Packet.pingResp)

        // A mistake changes nothing.
        var wrong = changed
        wrong.tls?.keyFile = files.path("client.key")
        let error = try #require(throws: ListenerError.self) {
            try server.gateway.reload(
                listeners: [wrong],
                bus: BusSettings(),
                access: AccessControl(AccessSettings())
            )
        }
        #expect(error.description.contains("does not belong to tls.certificateFile"))
        let third = try TestClient(to: server.address, tls: options())
        #expect(third.tls?.serverFingerprint == new.tls?.serverFingerprint)
    }

    @Test func `limits are replaced while a connection runs`() async throws {
        let settings = try listener("tcp")
        let server = try TestGateway([settings])
        let first = try TestClient(to: server.address)
        try first.send(Packet.connect("c1"))
        #expect(try first.receive(exactly: 4) == Packet.connAck)
        var changed = settings
        changed.maximumConnections = 1
        try server.gateway.reload(
            listeners: [changed],
            bus: BusSettings(),
            access: AccessControl(AccessSettings())
        )
        let second = try TestClient(to: server.address)
        #expect((try? second.receive(exactly: 1)) ?? [] == [])
        #expect(throws: ListenerError.self) {
            try server.gateway.reload(
                listeners: [],
                bus: BusSettings(),
                access: AccessControl(AccessSettings())
            )
        }
    }

    @Test func `a frame that breaks the rules is answered with its code`() async throws {
        let server = try TestGateway([listener("ws")])
        let client = try TestClient(to: server.address, webSocket: WebSocketUpgradeTests.good)
        try client.send(Packet.connect("c1"))
        #expect(try client.receive(exactly: 4) == Packet.connAck)
        // [MQTT-6.0.0-1] [MQTT3-6.0.0-1]
        try client.sendRaw(WebSocketMachineTests.frame(1, [0xC0, 0]))
        #expect(try client.receive(exactly: 1) == [])
        #expect(client.closeCode == 1003)
        #expect(await server.sum(\.gateway.webSocketFailures) == 1)
    }

    @Test func `a request that is refused reads why`() throws {
        let server = try TestGateway([listener("ws")])
        let client = try TestClient(to: server.address, webSocket: "GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.upgradeAnswer.hasPrefix("HTTP/1.1 404 "))
    }

    @Test func `pings without end are bounded`() async throws {
        let server = try TestGateway([listener("ws")])
        let client = try TestClient(to: server.address, webSocket: WebSocketUpgradeTests.good)
        try client.send(Packet.connect("c1"))
        #expect(try client.receive(exactly: 4) == Packet.connAck)
        let ping = WebSocketMachineTests.frame(9, [UInt8](repeating: 1, count: 125))
        let flood = (0..<100).flatMap { _ in ping }
        // Nobody reads the pongs; either all of it is swallowed or the connection is closed.
        for _ in 0..<400 { do { try client.sendRaw(flood) } catch { break } }
        let other = try TestClient(to: server.address, webSocket: WebSocketUpgradeTests.good)
        try roundTrip(other)
    }

    @Test func `half a handshake is closed in time, on every transport`() async throws {
        let server = try TestGateway(
            ["tls", "ws", "wss"].map { scheme in
                try listener(scheme) {
                    $0.name = scheme
                    $0.handshakeTimeout = .milliseconds(200)
                }
            }
        )
        for name in ["tls", "ws", "wss"] {
            let silent = try TestSocket(to: server.address(of: name))
            try silent.send(name == "ws" ? Array("GET /mq".utf8) : [0x16, 3, 1, 0])
            #expect(try silent.receive() == [], "\(name)")
        }
        // The handshake alone is not enough: CONNECT counts.
        let idle = try TestClient(to: server.address(of: "tls"), tls: options())
        #expect(try idle.receive(exactly: 1) == [])
        #expect(await server.sum(\.gateway.handshakeTimeouts) == 4)
    }
}
