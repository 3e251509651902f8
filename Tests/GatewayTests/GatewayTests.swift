import Access
import EventBus
import Foundation
import Gateway
import Reactor
import SocketTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct GatewayTests {
    /// Connects, subscribes to `a/+` and publishes to it; the message must come back.
    static func roundTrip(_ client: TestSocket, _ id: String) throws {
        try client.send(Packet.connect(id))
        #expect(try client.receive(exactly: 4) == Packet.connAck)
        try client.send(Packet.subscribe("a/+"))
        #expect(try client.receive(exactly: 5) == Packet.subAck)
        let message = Packet.publish("a/\(id)", [1, 2, 3])
        try client.send(message)
        #expect(try client.receive(exactly: message.count) == message)
    }

    @Test func `MQTT over TCP`() async throws {
        let server = try TestGateway()
        let client = try server.connect()
        try Self.roundTrip(client, "c1")
        try client.send(Packet.disconnect)
        #expect(try client.receive() == [], "the server closes after DISCONNECT")
        #expect(try await server.eventually { await server.sum(\.connections) == 0 })
    }

    @Test func `MQTT over a Unix socket, whose file goes with its mode`() throws {
        let path = NSTemporaryDirectory() + "weir-\(UUID().uuidString.prefix(8)).sock"
        defer { unlink(path) }
        let server = try TestGateway("unix://\(path)?mode=0600")
        try Self.roundTrip(server.connect(), "c1")
    }

    @Test func `packets may come in any pieces`() throws {
        let server = try TestGateway()
        let client = try server.connect()
        let message = Packet.publish("a/b", [UInt8](repeating: 7, count: 300))
        for byte in Packet.connect("c1") + Packet.subscribe("a/b") { try client.send([byte]) }
        #expect(try client.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        for start in stride(from: 0, to: message.count, by: 7) {
            try client.send(Array(message[start..<min(start + 7, message.count)]))
        }
        #expect(try client.receive(exactly: message.count) == message)
        let small = (0..<500).map { Packet.publish("a/b", [UInt8(truncatingIfNeeded: $0)]) }
        // Many in one piece, and half of one at its end.
        let all = small.flatMap { $0 }
        try client.send(Array(all[..<(all.count - 3)]))
        try client.send(Array(all[(all.count - 3)...]))
        #expect(try client.receive(exactly: all.count) == all)
    }

    @Test func `a packet larger than every buffer comes through`() throws {
        let server = try TestGateway { $0.maximumPacketSize = 4 << 20 }
        let client = try server.connect()
        try client.send(Packet.connect("c1") + Packet.subscribe("a"))
        #expect(try client.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        let message = Packet.publish("a", (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 3) })
        try client.send(message)
        #expect(try client.receive(exactly: message.count) == message)
        try client.send(Packet.pingReq)
        #expect(try client.receive(exactly: 2) == Packet.pingResp)
    }

    @Test func `a packet above the listener's limit ends the connection`() throws {
        let server = try TestGateway { $0.maximumPacketSize = 1000 }
        let client = try server.connect()
        try client.send(Packet.connect("c1", isVersion5: true))
        let connAck = try client.receive()
        #expect(connAck.first == 0x20)
        try client.send(Array(Packet.publish("a", [UInt8](repeating: 0, count: 2000)).prefix(3)))
        let answer = try client.receive()
        // [MQTT-3.1.2-24], 0x95 "Packet too large"
        #expect(answer.first == 0xE0 && answer.dropFirst(2).first == 0x95, "\(answer)")
        #expect(try client.receive() == [])
    }

    @Test func `a peer that closes its side still gets its answers`() throws {
        let server = try TestGateway()
        let client = try server.connect()
        try client.send(Packet.connect("c1") + Packet.pingReq)
        client.finishSending()
        #expect(try client.receive(exactly: 100) == Packet.connAck + Packet.pingResp)
    }

    @Test func `a refused client reads why before the connection ends`() throws {
        let server = try TestGateway()
        let client = try server.connect()
        // Bytes that are never read must not make the kernel throw the answer away.
        var connect = Packet.connect("c1", isVersion5: true)
        connect[8] = 9
        try client.send(connect + [UInt8](repeating: 0, count: 100_000))
        let answer = try client.receive(exactly: 1000)
        // [MQTT-3.1.2-2], 0x84 "Unsupported protocol version"; MQTT 3.1.1's code is 1.
        #expect(answer.first == 0x20)
        #expect(answer.dropFirst(3).first == 0x84 || answer.dropFirst(3).first == 1, "\(answer)")
    }

    // MARK: - Limits

    @Test func `a connection that does not come to CONNECT is closed in time`() async throws {
        let server = try TestGateway { $0.handshakeTimeout = .milliseconds(300) }
        let silent = try server.connect()
        let slow = try server.connect()
        let good = try server.connect()
        try good.send(Packet.connect("good"))
        #expect(try good.receive(exactly: 4) == Packet.connAck)
        // A byte now and then does not help.
        let start = MonotonicClock.now()
        var sent = 0
        for byte in Packet.connect("slow").dropLast() where MonotonicClock.now() < start + 2_000_000_000 {
            do { try slow.send([byte]) } catch { break }
            sent += 1
            MonotonicClock.sleep(nanoseconds: 50_000_000)
        }
        #expect(try silent.receive() == [])
        #expect((try? slow.receive()) ?? [] == [])
        try good.send(Packet.pingReq)
        #expect(try good.receive(exactly: 2) == Packet.pingResp)
        #expect(await server.sum(\.gateway.handshakeTimeouts) == 2)
    }

    @Test func `a full listener closes the next connection and takes one again when there is room`()
        async throws
    {
        let server = try TestGateway { $0.maximumConnections = 2 }
        let first = try server.connect()
        let second = try server.connect()
        try first.send(Packet.connect("c1"))
        try second.send(Packet.connect("c2"))
        #expect(try first.receive(exactly: 4) == Packet.connAck)
        #expect(try second.receive(exactly: 4) == Packet.connAck)
        let third = try server.connect()
        #expect((try? third.receive()) ?? [] == [])
        #expect(
            try await server.eventually {
                server.logged("connection refused: the listener is full").count == 1
            }
        )
        try first.send(Packet.disconnect)
        #expect(try first.receive() == [])
        #expect(try await server.eventually { await server.sum(\.connections) == 1 })
        let fourth = try server.connect()
        try fourth.send(Packet.connect("c4"))
        #expect(try fourth.receive(exactly: 4) == Packet.connAck)
        #expect(await server.sum(\.gateway.refusedConnections) == 1)
    }

    @Test func `above the connect rate connections wait and none is lost`() async throws {
        let server = try TestGateway { $0.connectRate = 20 }
        let start = MonotonicClock.now()
        let clients = try (0..<30).map { _ in try server.connect() }
        for (number, client) in clients.enumerated() { try client.send(Packet.connect("c\(number)")) }
        for client in clients { #expect(try client.receive(exactly: 4) == Packet.connAck) }
        // 20 at once, then 20 a second.
        #expect(MonotonicClock.now() - start >= 400_000_000)
        #expect(await server.sum(\.gateway.connectRatePauses) > 0)
    }

    @Test func `a slow reader gets everything, and others do not wait for it`() throws {
        var bus = BusSettings()
        bus.outputBytesMaximum = 64 << 20
        let server = try TestGateway([TestGateway.listener()], bus: bus)
        let reader = try TestSocket(to: server.address, receiveBufferBytes: 4096)
        try reader.send(Packet.connect("reader") + Packet.subscribe("a"))
        #expect(try reader.receive(exactly: 9) == Packet.connAck + Packet.subAck)
        let writer = try server.connect()
        try writer.send(Packet.connect("writer"))
        #expect(try writer.receive(exactly: 4) == Packet.connAck)
        let message = Packet.publish("a", [UInt8](repeating: 5, count: 10_000))
        for _ in 0..<1_000 { try writer.send(message) }
        try writer.send(Packet.pingReq)
        #expect(try writer.receive(exactly: 2) == Packet.pingResp)
        var count = 0
        while count < 1_000 {
            #expect(try reader.receive(exactly: message.count) == message)
            count += 1
        }
    }

    // MARK: - PROXY

    @Test func `a PROXY header names the client, in one piece or in many`() async throws {
        let server = try TestGateway { $0.proxyProtocol = .v2 }
        let header = ProxyHeaderTests.v2(0x21, 0x11, [192, 0, 2, 7, 10, 0, 0, 1, 0x9C, 0x40, 0x07, 0x5B])
        var access = AccessSettings()
        access.allowAnonymous = true
        let open = try TestGateway([TestGateway.listener { $0.proxyProtocol = .any }], access: access)
        for (piece, id) in [(Int.max, "one"), (1, "many"), (20, "some")] {
            let client = try open.connect()
            var rest = (header + Packet.connect(id))[...]
            while !rest.isEmpty {
                try client.send(Array(rest.prefix(piece)))
                rest = rest.dropFirst(piece)
            }
            #expect(try client.receive(exactly: 4) == Packet.connAck)
        }
        #expect(
            open.logged("client connected").map { $0["peer"] } == [
                "192.0.2.7:40000", "192.0.2.7:40000", "192.0.2.7:40000",
            ]
        )

        // Who comes through a proxy is not on this machine, so an anonymous client is not let in.
        let refused = try server.connect()
        try refused.send(header + Packet.connect("c1"))
        #expect(try refused.receive(exactly: 4) == [0x20, 2, 0, 5])
        // Without a header there is no way in.
        let bare = try server.connect()
        try bare.send(Packet.connect("c1"))
        #expect((try? bare.receive()) ?? [] == [])
        #expect(await server.sum(\.gateway.proxyFailures) == 1)
    }

    @Test func `a PROXY header counts only from a proxy`() throws {
        let server = try TestGateway {
            $0.proxyProtocol = .v2
            $0.proxies = ["10.0.0.0/8"]
        }
        let client = try server.connect()
        #expect((try? client.receive()) ?? [] == [])
    }

    // MARK: - The end

    @Test func `draining tells MQTT 5 clients why, ends every connection and frees the port`() async throws {
        let server = try TestGateway()
        let address = try server.address
        let five = try server.connect()
        try five.send(Packet.connect("five", isVersion5: true))
        #expect(try five.receive().first == 0x20)
        let three = try server.connect()
        try three.send(Packet.connect("three"))
        #expect(try three.receive(exactly: 4) == Packet.connAck)
        let unfinished = try server.connect()
        let drain = try TestThread { server.gateway.drain(within: .seconds(10)) }
        let goodbye = try five.receive()
        // 0x8B "Server shutting down"
        #expect(goodbye.first == 0xE0 && goodbye.dropFirst(2).first == 0x8B, "\(goodbye)")
        #expect(try five.receive() == [])
        #expect(try three.receive() == [])
        #expect((try? unfinished.receive()) ?? [] == [])
        for socket in [five, three, unfinished] { socket.finishSending() }
        try drain.join()
        #expect(throws: SystemError.self) { try TestSocket(to: address) }
        #expect(await server.gateway.snapshots().isEmpty)
    }

    @Test func `a client that does not read cannot hold the end up`() throws {
        let server = try TestGateway()
        let client = try TestSocket(to: server.address, receiveBufferBytes: 4096)
        try client.send(
            Packet.connect("c1", isVersion5: true)
                + Packet.packet(0x82, [0, 1, 0] + Packet.string("a") + [0])
        )
        #expect(try client.receive().first == 0x20)
        let writer = try server.connect()
        try writer.send(Packet.connect("w"))
        #expect(try writer.receive(exactly: 4) == Packet.connAck)
        let message = Packet.publish("a", [UInt8](repeating: 5, count: 100_000))
        for _ in 0..<100 { try writer.send(message) }
        try writer.send(Packet.pingReq)
        #expect(try writer.receive(exactly: 2) == Packet.pingResp)
        let start = MonotonicClock.now()
        server.gateway.drain(within: .milliseconds(500))
        #expect(MonotonicClock.now() - start < 3_000_000_000)
        withExtendedLifetime(client) {}
    }

    // MARK: - Start errors

    @Test func `a port that is taken is told with its owner`() throws {
        let server = try TestGateway()
        let port = try #require(try server.address.port)
        let error = try #require(throws: ListenerError.self) { try TestGateway("tcp://127.0.0.1:\(port)") }
        #expect(
            error.description.hasPrefix(
                "listener \"test\": cannot listen on 127.0.0.1:\(port) (address already in use); "
            )
        )
        #expect(error.description.contains("another process listens there: "), "\(error)")
        #expect(error.description.contains("(pid \(getpid()))"), "\(error)")
    }

    @Test(
        arguments: [
            ("tcp://192.0.2.1:0", "this machine has no such address"),
            ("unix:///nonexistent/directory/weir.sock", "the directory does not exist"),
            ("tcp://no-such-host.invalid:0", "the name \"no-such-host.invalid\" has no address"),
            ("tls://127.0.0.1:0", "tls.certificateFile is missing"),
        ])
    func `what keeps a listener from starting is said`(url: String, text: String) throws {
        let error = try #require(throws: ListenerError.self) { try TestGateway(url) }
        #expect(error.description.contains("listener \"test\""))
        #expect(error.description.contains(text), "\(error)")
    }

    @Test func `two listeners of one name are refused`() throws {
        let listener = try TestGateway.listener()
        let error = try #require(throws: ListenerError.self) { try TestGateway([listener, listener]) }
        #expect(error.description.contains("given to two listeners"))
    }

    @Test func `a name with two addresses is bound to both with one port`() throws {
        let server = try TestGateway("tcp://localhost:0")
        let addresses = server.gateway.addresses(of: "test")
        #expect(Set(addresses.map(\.port)).count == 1)
        for (number, address) in addresses.enumerated() {
            try Self.roundTrip(TestSocket(to: address), "c\(number)")
        }
    }
}
