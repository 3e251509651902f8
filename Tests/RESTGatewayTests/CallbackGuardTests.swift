import HTTPGateway
import HTTPTypes
import Logging
import RESTGateway
import Synchronization
import Telemetry
import Testing

struct CallbackGuardTests {
    @Test(arguments: [
        "127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "169.254.169.254", "fe80::1", "FE80::1",
        "febf::1",
        "fec0::1", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "fd00:ec2::254",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:0001", "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1", "2002:a9fe:a9fe::", "no address", "",
    ])
    func `no callback goes here`(address: String) {
        #expect(CallbackGuard(allowsLoopback: false).isForbidden(address))
    }

    @Test(arguments: [
        "192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1", "2002:c000:201::1",
    ])
    func `callbacks may go here`(address: String) {
        #expect(!CallbackGuard(allowsLoopback: false).isForbidden(address))
    }

    @Test func `loopback is the operator's choice, link-local is nobody's`() {
        let open = CallbackGuard(allowsLoopback: true)
        #expect(
            !open.isForbidden("127.0.0.1") && !open.isForbidden("::1")
                && !open.isForbidden("::ffff:127.0.0.1")
        )
        #expect(open.isForbidden("169.254.169.254") && open.isForbidden("::ffff:a9fe:a9fe"))
    }

    @Test(arguments: [
        ("http://a.example/x", "a.example"), ("https://a.example:8443", "a.example"),
        ("http://[::1]:80/", "::1"),
        ("http://user@127.0.0.1/", "127.0.0.1"), ("HTTP://a/", "a"),
    ])
    func `the host of a URL is what a client would connect to`(url: String, host: String) {
        #expect(CallbackGuard.host(of: url) == host)
    }

    @Test(arguments: [
        "ftp://a", "a.example", "http://", "http:///x", "http://[x]/", "", "http://good@evil@127.0.0.1/",
        #"http://good.example\@127.0.0.1/"#, "http://%31%32%37.0.0.1/",
    ])
    func `no host, or one that two readers could differ on, no callback`(url: String) {
        #expect(CallbackGuard.host(of: url) == nil)
    }

    @Test func `one forbidden address among several is enough`() async throws {
        let guarded = CallbackGuard(allowsLoopback: false) { _ in ["192.0.2.1", "169.254.169.254"] }
        await #expect(throws: Problem.self) { try await guarded.admit("http://two.example/") }
        let lost = CallbackGuard(allowsLoopback: false) { _ in [] }
        await #expect(throws: Problem.self) { try await lost.admit("http://nowhere.example/") }
    }

    // MARK: - Rebinding

    /// Counts what arrives.
    private final class Target: HTTPService {
        let hosts = Mutex<[String]>([])

        func respond(to request: ServiceRequest) async -> ServiceResponse {
            hosts.withLock { $0.append(request.path) }
            return ServiceResponse(.noContent)
        }
        func hasWebSocket(at path: String) -> Bool { false }
        func webSocket(_ request: WebSocketRequest) async -> (any WebSocketSource)? { nil }
    }

    private struct NoHealth: HealthSource {
        func health() async -> [HealthCheck] { [] }
    }

    private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A name that no name server knows, so that a connection can only come by the address that was checked.
    @Test
    func `a connection goes to the address that was checked, a name that moves inwards is not followed`()
        async throws
    {
        let target = Target()
        var settings = HTTPSettings()
        settings.listen.port = 0
        let server = try await HTTPGateway.start(
            settings,
            metrics: MetricsRegistry([]),
            health: NoHealth(),
            service: target,
            logger: silent
        )
        let lookups = Mutex(0)
        let guarded = CallbackGuard(allowsLoopback: true) { host in
            let count = lookups.withLock { count in
                count += 1
                return count
            }
            return host == "moving.invalid" && count > 1 ? ["169.254.169.254"] : ["127.0.0.1"]
        }
        var callbacks = CallbackSettings()
        callbacks.attempts = 1
        let deliverer = Deliverer(callbacks, callbacks: guarded, logger: silent)
        // As when the subscription is made.
        let url = "http://moving.invalid:\(server.address.port)/moved"
        #expect(try await guarded.admit(url).address == "127.0.0.1")
        deliverer.open("moving", .callback(url))
        deliverer.send([1], to: "moving")
        while deliverer.counters.deadLetters == 0 { await Task.yield() }
        #expect(target.hosts.withLock { $0 }.isEmpty)
        deliverer.open("steady", .callback("http://steady.invalid:\(server.address.port)/steady"))
        for _ in 0..<3 { deliverer.send([1], to: "steady") }
        while deliverer.counters.delivered < 3 { await Task.yield() }
        #expect(target.hosts.withLock { $0 } == ["/steady", "/steady", "/steady"])
        // Looked up once for the three of them.
        #expect(lookups.withLock { $0 } == 3)
        await deliverer.stop()
        await server.stop()
    }
}
