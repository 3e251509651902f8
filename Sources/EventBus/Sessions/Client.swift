import Access
import MQTTWire

/// The network side of one client: one connection's protocol state. Lives in the slab of connections.
///
/// Small on purpose: what most connections never have sits behind one optional reference.
struct Client {
    enum State: UInt8 {
        /// Nothing received yet: only CONNECT is welcome `[MQTT-3.1.0-1]`.
        case awaitingConnect
        /// The credentials are being checked; packets wait unread.
        case authenticating
        /// In the middle of an enhanced authentication `[MQTT 4.12]`.
        case exchanging
        case connected
        /// To be closed once its output is sent; what it still sends is thrown away.
        case closing
        /// Handed to another shard.
        case migrating
    }

    var generation: UInt32
    var session: Int32 = -1
    var state: State = .awaitingConnect
    var version: ProtocolVersion = .v3_1_1
    var isDirty = false
    /// Output is beyond its limit: QoS 1 and 2 wait in the queue until it drains.
    var isBlocked = false
    var isPaused = false
    /// Its output leaves at a limited rate: ``ClientExtras/deliverPacer``.
    var isPaced = false
    /// The client wants no reason strings and user properties `[MQTT-3.1.2-29]`.
    var omitsProblemInformation = false
    var keepAlive: UInt16 = 0
    /// Second of the last packet, for keep alive.
    var lastReceived: UInt32
    /// What the client takes at once: receive maximum `[MQTT-3.1.2-23]`, under our own limit.
    var receiveMaximum: UInt16 = 65_535
    /// Aliases that we may set towards the client.
    var topicAliasMaximum: UInt16 = 0
    /// Publishes whose acknowledgement waits for the disk.
    var unansweredPublishes: UInt16 = 0
    /// What the client published in the second ``countedSecond``: only one that goes above its quota's
    /// rate gets a token bucket.
    var countedSecond: UInt32 = 0
    var publishesInSecond: UInt32 = 0
    var bytesInSecond: UInt32 = 0
    /// The rates of its quota, cut to 32 bits.
    var publishRate: UInt32 = .max
    var publishBytesRate: UInt32 = .max
    /// Bytes of the largest packet that the client takes `[MQTT-3.1.2-24]`.
    var maximumPacketSize: UInt32 = .max
    /// Number of the listener's policy.
    var policy: UInt16
    /// As ``PeerInfo/addressKey``.
    var peerAddress: (UInt64, UInt64) = (0, 0)
    var output = OutputBuffer()
    var extras: ClientExtras?

    init(generation: UInt32, policy: UInt16, lastReceived: UInt32) {
        self.generation = generation
        self.policy = policy
        self.lastReceived = lastReceived
    }
}

/// What few connections have: the time before CONNECT is answered, aliases, enhanced authentication.
final class ClientExtras {
    /// Until the client is connected, and for the log.
    var peer: PeerInfo?
    var connect: Connect?
    var incomingAliases: IncomingAliases?
    var outgoingAliases: OutgoingAliases?
    var authenticationMethod: String?
    var exchange: EnhancedAuthentication?
    var isReauthenticating = false
    var publishRate: TokenBucket?
    var publishBytes: TokenBucket?
    /// Of a bandwidth allocation.
    var publishPacer: RatePacer?
    var deliverPacer: RatePacer?
    var isSendTimerSet = false

    /// Whether nothing of it is needed any more.
    var isEmpty: Bool {
        peer == nil && connect == nil && incomingAliases == nil && outgoingAliases == nil
            && authenticationMethod == nil && exchange == nil && publishRate == nil && publishBytes == nil
            && publishPacer == nil && deliverPacer == nil && !isSendTimerSet
    }
}
