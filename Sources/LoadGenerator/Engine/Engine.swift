import COpenSSL
import Glibc

/// The generator itself: one thread, one epoll, any number of connections.
///
/// Everything a message passes is a few copies between raw buffers: packets are encoded beforehand, scanned where
/// they were received, and written once per connection and turn. So a core of the generator can load several
/// cores of broker, and what is measured is the broker.
///
/// Not `Sendable`: it is made, used and dropped on one thread.
struct Engine: ~Copyable {
    /// One turn reads at most this much from one connection, and writes at most this much at once.
    static let bufferBytes = 256 * 1024

    let target: BrokerTarget
    let dialer: Dialer
    let poller: Poller
    let tls: TLSClient?
    let clients: UnsafeMutableBufferPointer<Client>
    let readBuffer: UnsafeMutableRawPointer
    let writeBuffer: UnsafeMutableRawPointer
    let answerBuffer: UnsafeMutableRawPointer

    var flow: Flow
    var counters = Counters()
    /// From publish to delivery.
    var deliveryLatency = LatencyHistogram()
    /// From publish to PUBACK or PUBCOMP.
    var acknowledgeLatency = LatencyHistogram()
    /// From connect to CONNACK.
    var connectLatency = LatencyHistogram()
    /// Connections that became open since the list was last emptied.
    var opened: [Int] = []
    var progress: Progress

    /// What happened so far.
    struct Counters {
        var published: UInt64 = 0
        /// PUBLISH packets received, whether right or wrong.
        var delivered: UInt64 = 0
        /// Messages of the window that were settled: delivered to all, or acknowledged.
        var settled: UInt64 = 0
        var acknowledged: UInt64 = 0
        /// QoS 1 and 2 handshakes that are not complete.
        var inFlight = 0
        var awaitedAnswers = 0
        var connections: UInt64 = 0
        var reads: UInt64 = 0
        var writes: UInt64 = 0
    }

    init(target: BrokerTarget, clients count: Int, progress: Progress) throws {
        try FileLimit.raise(to: UInt(count) + 64)
        let dialer = try Dialer(target.address)
        let poller = try Poller()
        if let file = target.tlsCAFile {
            if case .tcp(let host, _) = target.address {
                tls = try TLSClient(caFile: file, host: host)
            } else {
                tls = try TLSClient(caFile: file, host: nil)
            }
        } else {
            tls = nil
        }
        self.target = target
        self.progress = progress
        self.dialer = dialer
        self.poller = poller
        clients = .allocate(capacity: max(1, count))
        clients.initialize(repeating: Client())
        readBuffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
        writeBuffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
        answerBuffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
        flow = Flow()
    }

    deinit {
        for index in clients.indices where clients[index].descriptor >= 0 {
            if let ssl = clients[index].tls { SSL_free(ssl) }
            close(clients[index].descriptor)
        }
        clients.deinitialize()
        clients.deallocate()
        readBuffer.deallocate()
        writeBuffer.deallocate()
        answerBuffer.deallocate()
    }

    /// One turn: waits for at most `milliseconds`, then reads and writes whatever is ready.
    mutating func turn(milliseconds: Int32) throws {
        let count = try poller.wait(milliseconds: milliseconds)
        for index in 0..<count {
            let token = poller.token(index)
            if token == Poller.timerToken {
                poller.clearTimer()
                continue
            }
            let client = Int(truncatingIfNeeded: token)
            let readiness = poller.readiness(index)
            if readiness & Poller.writable != 0 { try becameWritable(client) }
            if readiness & (Poller.readable | Poller.broken) != 0 { try receive(client) }
        }
    }

    /// Takes turns until `done`, or throws when that takes longer than `seconds`.
    mutating func turns(
        _ what: String,
        withinSeconds seconds: Double = 60,
        until done: (borrowing Engine) -> Bool
    ) throws {
        let end = Clock.now() + Clock.nanoseconds(seconds)
        while !done(self) {
            guard Clock.now() < end else { throw LoadError("\(what) took longer than \(Int(seconds)) s") }
            try turn(milliseconds: 50)
        }
    }

    /// Takes turns until `done`, or until nothing was delivered for `stallSeconds`.
    mutating func awaitDeliveries(stallSeconds: Double, until done: (borrowing Engine) -> Bool) throws {
        var delivered = counters.delivered
        var movedAt = Clock.now()
        while !done(self) {
            if counters.delivered != delivered {
                delivered = counters.delivered
                movedAt = Clock.now()
            }
            guard Clock.now() &- movedAt < Clock.nanoseconds(stallSeconds) else { return }
            progress.show { "\(delivered) delivered" }
            try turn(milliseconds: 50)
        }
    }
}
