/// One connection of the generator.
struct Client {
    enum Phase: UInt8 {
        /// Not opened yet, or closed.
        case closed
        /// The socket is being connected.
        case dialling
        /// The TLS handshake is under way.
        case securing
        /// CONNECT was sent.
        case greeting
        /// CONNACK has come.
        case open
    }

    var descriptor: Int32 = -1
    var phase = Phase.closed
    /// libssl's connection, where TLS is spoken.
    var tls: OpaquePointer?
    /// Whether the poller reports when the socket can be written.
    var watchesWrite = false
    /// This connection's publisher, or -1.
    var publisher = -1
    /// This connection's row in the delivery check, or -1.
    var subscriber = -1
    /// The beginning of a packet whose rest has not come yet.
    var partial: [UInt8] = []
    /// Bytes that the kernel has not taken yet.
    var pending: [UInt8] = []
    var pendingStart = 0
    /// What the broker accepts in flight (version 5.0), otherwise 65,535.
    var receiveMaximum = 65535
    var sessionPresent = false
    /// SUBSCRIBE packets without an answer.
    var awaitedAnswers = 0
    var dialledNanoseconds: UInt64 = 0
}
