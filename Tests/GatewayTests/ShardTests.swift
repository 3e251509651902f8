import Access
import EventBus
import Foundation
import Gateway
import Reactor
import SocketTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct ShardTests {
    private func server(shards: Int) throws -> TestGateway {
        var settings = GatewaySettings()
        settings.shards = shards
        return try TestGateway([TestGateway.listener()], settings: settings)
    }

    @Test func `connections spread over the shards and reach each other`() async throws {
        let server = try server(shards: 3)
        let clients = try (0..<12).map { _ in try server.connect() }
        for (number, client) in clients.enumerated() {
            try client.send(Packet.connect("c\(number)") + Packet.subscribe("to/all"))
            #expect(try client.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        }
        let loads = await server.gateway.snapshots().map(\.connections)
        #expect(loads == [4, 4, 4])
        for (number, client) in clients.enumerated() {
            let message = Packet.publish("to/all", [UInt8(number)])
            try client.send(message)
            for other in clients { #expect(try other.receive(exactly: message.count) == message) }
        }
    }

    @Test func `a client is moved to the shard where its session lives, and takes it over there`()
        async throws
    {
        let server = try server(shards: 2)
        // Every second connection lands in the other shard.
        var last = try server.connect()
        try last.send(Packet.connect("same", keepsSession: true) + Packet.subscribe("a", qos: 1))
        #expect(try last.receive(exactly: 9) == Packet.connAck + [0x90, 3, 0, 1, 1])
        for round in 1...6 {
            let next = try server.connect()
            // In one piece with what follows, so that bytes behind CONNECT move along.
            try next.send(Packet.connect("same", keepsSession: true) + Packet.pingReq)
            // Session present [MQTT-3.2.2-2].
            #expect(try next.receive(exactly: 6) == [0x20, 2, 1, 0] + Packet.pingResp, "round \(round)")
            // [MQTT-3.1.4-3]
            #expect(try last.receive() == [])
            last = next
        }
        let moved = await server.sum(\.gateway.movedIn)
        #expect(moved > 0)
        #expect(moved == (await server.sum(\.gateway.movedOut)))
        let writer = try server.connect()
        try writer.send(Packet.connect("writer") + Packet.publish("a", [9]))
        #expect(try last.receive(exactly: 6) == Packet.publish("a", [9]))
    }

    @Test func `a TLS connection moves with its keys`() async throws {
        let files = try TestCertificates.shared.get()
        var settings = GatewaySettings()
        settings.shards = 2
        let listener = try TestGateway.listener("wss://127.0.0.1:0") {
            $0.tls?.certificateFile = files.path("server.pem")
            $0.tls?.keyFile = files.path("server.key")
        }
        let server = try TestGateway([listener], settings: settings)
        var clients: [TestClient] = []
        for round in 0..<4 {
            let client = try TestClient(
                to: server.address,
                tls: TLSTestClient.Options(),
                webSocket: WebSocketUpgradeTests.good
            )
            try client.send(Packet.connect("same", keepsSession: true) + Packet.pingReq)
            #expect(try client.receive(exactly: 6) == [0x20, 2, round == 0 ? 0 : 1, 0] + Packet.pingResp)
            clients.append(client)
        }
        #expect(await server.sum(\.gateway.movedIn) > 0)
    }

    @Test func `much traffic between shards is in order and complete`() throws {
        let server = try server(shards: 2)
        let reader = try server.connect()
        let writer = try server.connect()
        try reader.send(Packet.connect("reader") + Packet.subscribe("a"))
        #expect(try reader.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        try writer.send(Packet.connect("writer"))
        #expect(try writer.receive(exactly: 4) == Packet.connAck)
        let messages = (0..<5_000).flatMap { number in
            Packet.publish("a", [UInt8(number >> 8), UInt8(number & 255)])
        }
        let sender = try TestThread { try writer.send(messages) }
        #expect(try reader.receive(exactly: messages.count) == messages)
        try sender.join()
    }

    @Test func `what is posted runs on the shard, in order`() async throws {
        let server = try server(shards: 2)
        for shard in server.gateway.shards {
            let indices = await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
                shard.post { continuation.resume(returning: $0.index) }
            }
            #expect(indices == shard.index)
        }
        server.gateway.drain(within: .seconds(5))
        #expect(!server.gateway.shards[0].post { _ in }, "nothing is taken after the end")
    }
}

@Suite(.timeLimit(.minutes(2))) struct AuthenticationPoolTests {
    /// A password file with one user, `dev7`, whose password is `secret`.
    private func access() throws -> (AccessSettings, path: String) {
        let path = NSTemporaryDirectory() + "weir-passwords-\(UUID().uuidString.prefix(8))"
        var editor = try PasswordFileEditor(path: path, creating: true)
        _ = try editor.set("dev7", PasswordHash.scrypt(Array("secret".utf8)))
        try editor.write()
        var settings = AccessSettings()
        settings.passwordFile = path
        return (settings, path)
    }

    @Test func `a password is checked on a worker, and what came behind CONNECT is not forgotten`()
        async throws
    {
        let (access, path) = try access()
        defer { unlink(path) }
        let server = try TestGateway([TestGateway.listener()], access: access)
        let good = try server.connect()
        let message = Packet.publish("a", [1])
        let big = Packet.publish("a", [UInt8](repeating: 2, count: 300_000))
        try good.send(Packet.connect("c1", user: ("dev7", "secret")) + Packet.subscribe("a") + message + big)
        #expect(try good.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        #expect(try good.receive(exactly: message.count + big.count) == message + big)
        let bad = try server.connect()
        try bad.send(Packet.connect("c2", user: ("dev7", "wrong")) + Packet.pingReq)
        #expect(try bad.receive(exactly: 100) == [0x20, 2, 0, 4])
        #expect(await server.sum(\.gateway.authentications) == 2)
    }

    @Test func `when too many wait, the next is told that the server is busy`() async throws {
        let (access, path) = try access()
        defer { unlink(path) }
        var settings = GatewaySettings()
        settings.authenticationThreads = 1
        settings.authenticationsMaximum = 1
        let server = try TestGateway([TestGateway.listener()], settings: settings, access: access)
        let clients = try (0..<6).map { _ in try server.connect() }
        for (number, client) in clients.enumerated() {
            try client.send(Packet.connect("c\(number)", isVersion5: true, user: ("dev7", "secret\(number)")))
        }
        // 0x89 "Server busy" or, for those that were checked, 0x86 "Bad User Name or Password".
        let codes = try clients.map { Array(try $0.receive(exactly: 4).dropFirst(3)) }
        #expect(codes.allSatisfy { $0 == [0x89] || $0 == [0x86] || $0 == [0x9F] }, "\(codes)")
        let refused = codes.count { $0 == [0x89] }
        #expect(refused >= 1)
        #expect(await server.sum(\.gateway.authenticationsRefused) == UInt64(refused))
    }
}
