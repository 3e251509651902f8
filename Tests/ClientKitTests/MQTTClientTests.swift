import BrokerTesting
import ClientKit
import Foundation
import MQTTWire
import Testing

/// The client against Debian's mosquitto.
@Suite(.enabled(if: !MosquittoBroker.isMissing, "mosquitto is not installed"), .timeLimit(.minutes(2)))
struct MQTTClientTests {
    static func client(_ port: UInt16, _ change: (inout ClientConfiguration) -> Void = { _ in }) -> MQTTClient
    {
        var configuration = ClientConfiguration(endpoint: .tcp(host: "127.0.0.1", port: port), version: .v5)
        change(&configuration)
        return MQTTClient(configuration)
    }

    /// Subscribes, publishes to itself and expects the message back.
    static func roundTrip(_ client: MQTTClient, qos: QoS = .atLeastOnce) throws {
        try client.subscribe([Subscription(try TopicFilter("round/#"), maximumQoS: qos)])
        let payload = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let published = Publish(topic: "round/trip", payload: payload, qos: qos)
        #expect(try client.publishAndWait(published) == .success)
        let message = try nextMessage(client)
        #expect(message.topic == "round/trip")
        #expect(message.payload == payload)
        #expect(message.qos == qos)
        try client.disconnect()
    }

    static func nextMessage(_ client: MQTTClient) throws -> Publish {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if case .message(let message) = try client.next(until: deadline) { return message }
        }
        throw MosquittoBroker.Failure.noMessage
    }

    @Test(arguments: ProtocolVersion.allCases, QoS.allCases)
    func `every version and QoS`(version: ProtocolVersion, qos: QoS) throws {
        let broker = try MosquittoBroker()
        let client = Self.client(broker.port) {
            $0.version = version
            $0.clientID = "c"
        }
        try client.connect()
        try Self.roundTrip(client, qos: qos)
    }

    @Test func `over a Unix socket`() throws {
        let broker = try MosquittoBroker(configuration: { ports, directory in
            "listener \(ports[0]) 127.0.0.1\nlistener 0 \(directory.path)/mqtt.sock\nallow_anonymous true\n"
        })
        let path = broker.directory.appending(path: "mqtt.sock").path
        let client = MQTTClient(ClientConfiguration(endpoint: .unix(path: path), version: .v5))
        try client.connect()
        try Self.roundTrip(client)
    }

    @Test func `over WebSocket`() throws {
        let broker = try MosquittoBroker(
            ports: 2,
            configuration: { ports, _ in
                """
                listener \(ports[0]) 127.0.0.1
                listener \(ports[1]) 127.0.0.1
                protocol websockets
                allow_anonymous true
                """ + "\n"
            }
        )
        let client = Self.client(broker.ports[1]) { $0.webSocketPath = "/mqtt" }
        try client.connect()
        try Self.roundTrip(client)
    }

    static func tlsBroker(requireCertificate: Bool) throws -> MosquittoBroker {
        try MosquittoBroker(
            ports: 2,
            prepare: { _ = try Certificates(in: $0) },
            configuration: { ports, directory in
                """
                listener \(ports[0]) 127.0.0.1
                listener \(ports[1]) 127.0.0.1
                cafile \(directory.path)/ca.pem
                certfile \(directory.path)/server.pem
                keyfile \(directory.path)/server.key
                require_certificate \(requireCertificate)
                allow_anonymous true
                """ + "\n"
            }
        )
    }

    @Test func `over TLS, the certificate being verified`() throws {
        let broker = try Self.tlsBroker(requireCertificate: false)
        var tls = TLSClientOptions()
        tls.caFile = broker.directory.appending(path: "ca.pem").path
        let client = Self.client(broker.ports[1]) {
            $0.endpoint = .tcp(host: "localhost", port: broker.ports[1])
            $0.tls = tls
        }
        try client.connect()
        try Self.roundTrip(client)

        let stranger = Self.client(broker.ports[1]) { $0.tls = tls }
        let error = #expect(throws: ClientError.self, "the certificate does not name 127.0.0.1") {
            try stranger.connect()
        }
        #expect(error?.kind == .tls)
        tls.skipsHostName = true
        try Self.client(broker.ports[1]) { $0.tls = tls }.connect()
        tls.caFile = nil
        let untrusting = Self.client(broker.ports[1]) { $0.tls = tls }
        #expect(throws: ClientError.self, "nobody vouches for the certificate") { try untrusting.connect() }
    }

    @Test func `over TLS with a client certificate`() throws {
        let broker = try Self.tlsBroker(requireCertificate: true)
        var tls = TLSClientOptions()
        tls.caFile = broker.directory.appending(path: "ca.pem").path
        let bare = Self.client(broker.ports[1]) {
            $0.endpoint = .tcp(host: "localhost", port: broker.ports[1])
            $0.tls = tls
        }
        #expect(throws: ClientError.self) { try bare.connect() }
        tls.certificateFile = broker.directory.appending(path: "client.pem").path
        tls.keyFile = broker.directory.appending(path: "client.key").path
        let client = Self.client(broker.ports[1]) {
            $0.endpoint = .tcp(host: "localhost", port: broker.ports[1])
            $0.tls = tls
        }
        try client.connect()
        try Self.roundTrip(client)
    }

    @Test func `over TLS with a pre-shared key`() throws {
        let broker = try MosquittoBroker(
            ports: 2,
            prepare: { try Data("device:0badc0de\n".utf8).write(to: $0.appending(path: "psk")) },
            configuration: { ports, directory in
                """
                listener \(ports[0]) 127.0.0.1
                listener \(ports[1]) 127.0.0.1
                psk_hint hint
                psk_file \(directory.path)/psk
                allow_anonymous true
                """ + "\n"
            }
        )
        var tls = TLSClientOptions()
        tls.preSharedKey = .init(identity: "device", hex: "0badc0de")
        let client = Self.client(broker.ports[1]) { $0.tls = tls }
        try client.connect()
        try Self.roundTrip(client)
        tls.preSharedKey = .init(identity: "device", hex: "0bad")
        let wrong = Self.client(broker.ports[1]) { $0.tls = tls }
        #expect(throws: ClientError.self) { try wrong.connect() }
    }

    @Test func `a wrong password is refused`() throws {
        let broker = try MosquittoBroker(
            prepare: { directory in
                let file = directory.appending(path: "passwords")
                try Data().write(to: file)
                try ChildProcess.run("/usr/bin/mosquitto_passwd", ["-b", file.path, "ann", "secret"])
            },
            configuration: { ports, directory in
                "listener \(ports[0]) 127.0.0.1\npassword_file \(directory.path)/passwords\n"
            }
        )
        for version in [ProtocolVersion.v3_1_1, .v5] {
            let client = Self.client(broker.port) {
                $0.version = version
                $0.userName = "ann"
                $0.password = Array("wrong".utf8)
            }
            let error = #expect(throws: ClientError.self) { try client.connect() }
            #expect(error?.kind == .refused(.notAuthorized))
        }
        let client = Self.client(broker.port) {
            $0.userName = "ann"
            $0.password = Array("secret".utf8)
        }
        try client.connect()
        try Self.roundTrip(client)
    }

    @Test func `the will is published when the connection ends without DISCONNECT`() throws {
        let broker = try MosquittoBroker()
        let watcher = Self.client(broker.port)
        try watcher.connect()
        try watcher.subscribe([Subscription(try TopicFilter("will"))])
        let mortal = Self.client(broker.port) { $0.will = Will(topic: "will", payload: Array("gone".utf8)) }
        try mortal.connect()
        mortal.close()
        #expect(try Self.nextMessage(watcher).payload == Array("gone".utf8))
    }

    @Test func `properties travel`() throws {
        let broker = try MosquittoBroker()
        let client = Self.client(broker.port)
        try client.connect()
        try client.subscribe([Subscription(try TopicFilter("p"))])
        var message = Publish(topic: "p", payload: [])
        message.properties.contentType = "text/plain"
        message.properties.userProperties = [.init("a", "1"), .init("a", "2")]
        message.properties.correlationData = [1, 2, 3]
        try client.publish(message)
        let received = try Self.nextMessage(client)
        #expect(received.properties.contentType == "text/plain")
        #expect(received.properties.userProperties == [.init("a", "1"), .init("a", "2")])
        #expect(received.properties.correlationData == [1, 2, 3])
    }

    @Test func `a session is kept and its queue delivered`() throws {
        let broker = try MosquittoBroker()
        func sleeper() -> MQTTClient {
            Self.client(broker.port) {
                $0.clientID = "sleeper"
                $0.cleanStart = false
                $0.properties.sessionExpiryInterval = 60
            }
        }
        let first = sleeper()
        #expect(try !first.connect().sessionPresent)
        try first.subscribe([Subscription(try TopicFilter("q"), maximumQoS: .exactlyOnce)])
        try first.disconnect()
        let publisher = Self.client(broker.port)
        try publisher.connect()
        for number in 0..<10 {
            let qos: QoS = number.isMultiple(of: 2) ? .atLeastOnce : .exactlyOnce
            try publisher.publishAndWait(Publish(topic: "q", payload: [UInt8(number)], qos: qos))
        }
        let second = sleeper()
        #expect(try second.connect().sessionPresent)
        var received: [UInt8] = []
        while received.count < 10 { received += try Self.nextMessage(second).payload }
        #expect(received == Array(0..<10))
    }

    @Test func `a connection that is idle stays alive`() throws {
        let broker = try MosquittoBroker()
        let client = Self.client(broker.port) { $0.keepAlive = 1 }
        try client.connect()
        var pongs = 0
        client.trace = { if $0.contains("PINGRESP") { pongs += 1 } }
        // One and a half keep alives without a ping, and the broker closes [MQTT-3.1.2-22].
        #expect(try client.next(until: .now + .milliseconds(2500)) == nil)
        #expect(pongs >= 2)
        #expect(client.isConnected)
    }

    @Test func `nobody listens`() throws {
        let port = try MosquittoBroker.freePorts(1)[0]
        let error = #expect(throws: ClientError.self) { try Self.client(port).connect() }
        #expect(error?.kind == .network)
    }

    @Test func `a listener that says nothing is a timeout`() throws {
        let silent = try SilentListener()
        let client = Self.client(silent.port) { $0.connectTimeout = .milliseconds(200) }
        let error = #expect(throws: ClientError.self) { try client.connect() }
        #expect(error?.kind == .timeout)
    }
}
