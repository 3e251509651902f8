import EventBus
import Reactor

/// The gateway's side of one connection, 32 bytes; what most have no need of is behind `extras`.
struct Connection {
    enum Phase: UInt8 {
        /// The slot is not in use.
        case free
        /// A PROXY header is awaited.
        case proxy
        /// TLS or WebSocket is being set up; the core does not know of the connection yet.
        case handshake
        /// Bytes go to the core.
        case open
        /// The core has finished with it; what is left of its output is being sent.
        case closing
        /// Everything is sent, and the peer is waited for to close its side, since closing with bytes unread
        /// would make the kernel throw away what the peer has not read.
        case lingering
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        /// TLS or WebSocket lies between socket and core.
        static let layered = Flags(rawValue: 1)
        /// `timer` is set.
        static let hasTimer = Flags(rawValue: 2)
        /// CONNECT has not been answered with success.
        static let isNew = Flags(rawValue: 4)
        /// The core asked for a pause, or a worker checks the credentials.
        static let paused = Flags(rawValue: 8)
        /// Something was sent after the core had decided to close.
        static let hasLastWords = Flags(rawValue: 16)
    }

    static let noBus = ConnectionID(slot: -1, generation: 0)

    var bus = Connection.noBus
    var extras: Unmanaged<ConnectionExtras>?
    var timer = TimerID.none
    var generation: UInt32 = 0
    var listener: UInt16 = 0
    var phase = Phase.free
    var flags: Flags = []

    /// Whether bytes go straight from the receive buffer to the core.
    var isDirect: Bool { phase == .open && extras == nil && !flags.contains(.isNew) }
}

/// What few connections have, or have for a short time.
final class ConnectionExtras {
    /// What came and was not consumed: the beginning of a packet.
    var pending = ByteQueue()
    /// What was framed and encrypted but not taken by the kernel.
    var wire = ByteQueue()
    /// The beginning of a PROXY header.
    var proxyHeader: [UInt8] = []
    var tls: TLSMachine?
    var webSocket: WebSocketMachine?
    /// Until the connection is known to the core, and on until it is known to stay in this shard.
    var peer: PeerInfo?

    /// Whether nothing in it is needed any more.
    var isIdle: Bool {
        pending.isEmpty && wire.isEmpty && tls == nil && webSocket == nil && peer == nil
            && proxyHeader.isEmpty
    }
}

/// Values of a kind that need no care, by a dense index that grows.
struct GrowingTable<Element>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>
    private(set) var count: Int
    private let filler: Element

    init(filledWith filler: Element, count: Int = 64) {
        self.filler = filler
        self.count = count
        base = .allocate(capacity: count)
        base.initialize(repeating: filler, count: count)
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    mutating func grow(toHold index: Int) {
        guard index >= count else { return }
        let larger = max(index + 1, count * 2)
        let fresh = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        fresh.moveInitialize(from: base, count: count)
        (fresh + count).initialize(repeating: filler, count: larger - count)
        base.deallocate()
        base = fresh
        count = larger
    }

    /// The place of an element; good until the table grows.
    subscript(index: Int) -> UnsafeMutablePointer<Element> {
        precondition(index >= 0 && index < count, "index beyond the table")
        return base + index
    }
}
