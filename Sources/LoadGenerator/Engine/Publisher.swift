/// The publishing side of a connection.
struct Publisher {
    enum TopicOrder: Sendable {
        /// One after another.
        case inTurn
        /// Scattered evenly, the same way in every run.
        case scattered
    }

    var client: Int
    /// Messages that it may publish now.
    var credit = 0
    /// The next message's number.
    var sequence: UInt64 = 0
    /// QoS 1 and 2: messages whose handshake is not complete.
    var inFlight = 0
    var inFlightMax = 65535
    var topics: Range<Int>
    var topicOrder = TopicOrder.inTurn
    /// Whether it stands in the list of publishers with something to do.
    var isListed = false
    /// Where its packet identifiers' times of sending begin, and how many there are (a power of two).
    var identifiers = 0..<0
    /// Where its messages' numbers of missing copies begin, and how many there are (a power of two).
    var copies = 0..<0

    @inline(__always)
    func topic(of sequence: UInt64) -> Int {
        if topics.count == 1 { return topics.lowerBound }
        switch topicOrder {
        case .inTurn: return topics.lowerBound + Int(sequence % UInt64(topics.count))
        case .scattered: return topics.lowerBound + Int(Self.mix(sequence) % UInt64(topics.count))
        }
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
