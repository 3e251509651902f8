import Access
import EventBus
import Foundation
import Gateway
import Reactor
import SocketTesting
import Synchronization

/// A gateway with real cores on ports of the kernel's choosing; drained when the test lets go of it.
final class TestGateway: Sendable {
    let gateway: Gateway
    private let events: LogCollector

    final class LogCollector: Sendable {
        let events = Mutex<[LogEvent]>([])
    }

    init(
        _ listeners: [ListenerSettings],
        settings: GatewaySettings = GatewaySettings(),
        bus: BusSettings = BusSettings(),
        access: AccessSettings = AccessSettings()
    ) throws {
        let control = try AccessControl(access)
        let events = LogCollector()
        self.events = events
        gateway = try Gateway(settings: settings, listeners: listeners, access: control) { event in
            events.events.withLock { $0.append(event) }
        }
        var quiet = bus
        quiet.sysInterval = 0
        let site = BusSite(settings: quiet, access: control, shardCount: gateway.shards.count)
        let now = BusTime(monotonic: MonotonicClock.now(), wall: Int64(MonotonicClock.wall()))
        try gateway.start(gateway.shards.map { BusShard(index: $0.index, site: site, now: now) })
    }

    deinit {
        gateway.drain(within: .seconds(5))
    }

    /// One listener on loopback.
    static func listener(
        _ url: String = "tcp://127.0.0.1:0",
        _ change: (inout ListenerSettings) -> Void = { _ in }
    ) throws -> ListenerSettings {
        var settings = try ListenerURL.parse(url)
        settings.name = "test"
        change(&settings)
        return settings
    }

    convenience init(
        _ url: String = "tcp://127.0.0.1:0",
        _ change: (inout ListenerSettings) -> Void = { _ in }
    ) throws {
        try self.init([Self.listener(url, change)])
    }

    var address: SocketAddress {
        get throws { try address(of: "test") }
    }

    func address(of name: String) throws -> SocketAddress {
        guard let address = gateway.addresses(of: name).first else { throw NotBound() }
        return address
    }

    struct NotBound: Error {}

    func connect() throws -> TestSocket {
        try TestSocket(to: address)
    }

    /// The log lines with a message, so far.
    func logged(_ message: String) -> [[String: String]] {
        events.events.withLock { $0 }.filter { $0.message == message }.map {
            Dictionary($0.metadata, uniquingKeysWith: { first, _ in first })
        }
    }

    /// The shards' figures, summed up by `figure`.
    func sum<T: AdditiveArithmetic>(_ figure: (ShardSnapshot) -> T) async -> T {
        await gateway.snapshots().reduce(.zero) { $0 + figure($1) }
    }

    /// Asks every millisecond until it is true, for ten seconds at most.
    func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<10_000 {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }
}

/// MQTT packets by hand, so that these tests depend on the wire and not on a codec.
enum Packet {
    static func string(_ text: String) -> [UInt8] {
        [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 255)] + text.utf8
    }

    static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        var length = body.count
        var bytes = [first]
        repeat {
            bytes.append(UInt8(length & 127) | (length > 127 ? 128 : 0))
            length >>= 7
        } while length > 0
        return bytes + body
    }

    /// MQTT 3.1.1, or 5 with `isVersion5`; a clean session without `keepsSession`.
    static func connect(
        _ clientID: String,
        isVersion5: Bool = false,
        keepsSession: Bool = false,
        user: (name: String, password: String)? = nil
    ) -> [UInt8] {
        var flags: UInt8 = keepsSession ? 0 : 2
        if user != nil { flags |= 0xC0 }
        var body = string("MQTT") + [isVersion5 ? 5 : 4, flags, 0, 60]
        if isVersion5 { body += keepsSession ? [5, 0x11, 0, 0, 1, 0] : [0] }
        body += string(clientID)
        if let user { body += string(user.name) + string(user.password) }
        return packet(0x10, body)
    }

    static func subscribe(_ filter: String, qos: UInt8 = 0) -> [UInt8] {
        packet(0x82, [0, 1] + string(filter) + [qos])
    }

    static func publish(_ topic: String, _ payload: [UInt8]) -> [UInt8] {
        packet(0x30, string(topic) + payload)
    }

    static let connAck: [UInt8] = [0x20, 2, 0, 0]
    static let subAck: [UInt8] = [0x90, 3, 0, 1, 0]
    static let pingReq: [UInt8] = [0xC0, 0]
    static let pingResp: [UInt8] = [0xD0, 0]
    static let disconnect: [UInt8] = [0xE0, 0]
}
