import Dispatch
import Glibc
import HTTPGateway
import Logging
import Telemetry
import Testing

private struct FixedHealth: HealthSource {
    var checks: [HealthCheck]
    func health() async -> [HealthCheck] { checks }
}

private struct FixedMetrics: MetricsSource {
    static let clients = MetricDefinition("weir_clients", .gauge, "Clients connected.")
    func collect(into snapshot: inout MetricsSnapshot) async { snapshot.add(Self.clients, 3) }
}

private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A client of a few lines, so that nothing of the server's own library helps the server.
///
/// It waits on a thread of its own: the server answers on the threads that tests run on.
private func request(_ port: Int, _ text: String) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "client").async {
            continuation.resume(with: Result { try blockingRequest(port, text) })
        }
    }
}

private func blockingRequest(_ port: Int, _ text: String) throws -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(port).bigEndian
    name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    try #require(connected == 0)
    let bytes = Array(text.utf8)
    try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { break }
        answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
}

private func get(_ port: Int, _ path: String) async throws -> String {
    try await request(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

@Suite struct HTTPGatewayTests {
    private func start(_ checks: [HealthCheck] = []) async throws -> HTTPGateway {
        var settings = HTTPSettings()
        settings.listen.port = 0
        return try await HTTPGateway.start(
            settings,
            metrics: MetricsRegistry([FixedMetrics()]),
            health: FixedHealth(checks: checks),
            logger: silent
        )
    }

    @Test func `metrics are Prometheus text`() async throws {
        let gateway = try await start()
        let answer = try await get(gateway.address.port, "/metrics")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.lowercased().contains("content-type: text/plain; version=0.0.4"))
        #expect(answer.hasSuffix("# TYPE weir_clients gauge\nweir_clients 3\n"))
        await gateway.stop()
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let checks: [HealthCheck]
        let live: Int
        let ready: Int
        let readyBody: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "all well",
            checks: [HealthCheck("shards", .liveness, .pass), HealthCheck("journal", .readiness, .pass)],
            live: 200,
            ready: 200,
            readyBody:
                #"{"status":"pass","checks":{"shards":[{"status":"pass"}],"journal":[{"status":"pass"}]}}"#
        ),
        Case(
            name: "a warning keeps the server in service",
            checks: [HealthCheck("disk", .readiness, .warn, detail: "5 % \"free\"")],
            live: 200,
            ready: 200,
            readyBody: #"{"status":"warn","checks":{"disk":[{"status":"warn","output":"5 % \"free\""}]}}"#
        ),
        Case(
            name: "not ready is still alive",
            checks: [HealthCheck("journal", .readiness, .fail, detail: "sync failed")],
            live: 200,
            ready: 503,
            readyBody: #"{"status":"fail","checks":{"journal":[{"status":"fail","output":"sync failed"}]}}"#
        ),
        Case(
            name: "not alive is not ready",
            checks: [HealthCheck("shards", .liveness, .fail)],
            live: 503,
            ready: 503,
            readyBody: #"{"status":"fail","checks":{"shards":[{"status":"fail"}]}}"#
        ),
    ]

    @Test(arguments: cases)
    func `health tells liveness and readiness apart`(_ testCase: Case) async throws {
        let gateway = try await start(testCase.checks)
        #expect(try await get(gateway.address.port, "/healthz").hasPrefix("HTTP/1.1 \(testCase.live) "))
        let ready = try await get(gateway.address.port, "/readyz")
        #expect(ready.hasPrefix("HTTP/1.1 \(testCase.ready) "))
        #expect(ready.hasSuffix("\r\n\r\n\(testCase.readyBody)\n"))
        await gateway.stop()
    }

    @Test func `an unknown path is 404, and a header without end is refused`() async throws {
        let gateway = try await start()
        #expect(try await get(gateway.address.port, "/nothing").hasPrefix("HTTP/1.1 404 "))
        let long = String(repeating: "x", count: 20_000)
        let answer = try await request(
            gateway.address.port,
            "GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n"
        )
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        // Another client is served all the same.
        #expect(try await get(gateway.address.port, "/metrics").hasPrefix("HTTP/1.1 200 "))
        await gateway.stop()
    }

    @Test func `an address in use is told with what to do`() async throws {
        let first = try await start()
        var settings = HTTPSettings()
        settings.listen.port = first.address.port
        let error = await #expect(throws: HTTPGateway.StartError.self) {
            _ = try await HTTPGateway.start(
                settings,
                metrics: MetricsRegistry([]),
                health: FixedHealth(checks: []),
                logger: silent
            )
        }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("http.listen \"127.0.0.1:\(first.address.port)\" cannot be listened on ("))
        #expect(text.contains("Address already in use"))
        await first.stop()
    }
}

@Suite struct HTTPAddressTests {
    @Test func `host and port are read, IPv6 in brackets`() {
        #expect(HTTPAddress("127.0.0.1:8080") == HTTPAddress(host: "127.0.0.1", port: 8_080))
        #expect(HTTPAddress("[::1]:0") == HTTPAddress(host: "::1", port: 0))
        #expect(HTTPAddress("localhost:80")?.description == "localhost:80")
        #expect(HTTPAddress("[::1]:80")?.description == "[::1]:80")
        for text in [
            "", ":80", "::1:80", "localhost", "localhost:", "localhost:65536", "a/b:1", "localhost:-1",
        ] {
            #expect(HTTPAddress(text) == nil, "\(text)")
        }
    }
}
