/// The messages of a run: who publishes, when a message counts as settled, and what is in flight.
struct Flow: ~Copyable {
    /// When a published message leaves the window.
    enum Settlement {
        /// When this many copies were delivered.
        case delivered(copies: Int)
        /// When the broker has acknowledged it.
        case acknowledged
        /// When it was handed to the kernel: nothing is awaited.
        case sent
    }

    var settlement = Settlement.delivered(copies: 1)
    var qos: UInt8 = 0
    var templates = PublishTemplates(
        topics: [],
        version: .v311,
        qos: 0,
        retain: false,
        payloadCount: Stamp.size
    )
    var publishers: [Publisher] = []
    var check = DeliveryCheck(mode: .every, publishers: 0, subscribers: 0)
    /// Publishers that have credit, in the order in which they got it.
    var listed: [Int] = []
    var isPublishing = false
    /// At a fixed rate a settled message makes no room for another one.
    var isPaced = false
    /// At most so many more are published.
    var budget: UInt64 = .max
    /// By packet identifier (see ``Publisher/identifiers``): when it was sent; 0 for those not in flight.
    var sentNanoseconds: [UInt64] = []
    /// By sequence (see ``Publisher/copies``): copies that have not come yet.
    var missingCopies: [Int32] = []

    /// Sets up `clients.count` publishers.
    ///
    /// - Parameters:
    ///   - topics: each publisher's topics, as ranges of `templates`.
    ///   - window: messages that may be outstanding, shared evenly by the publishers.
    ///   - inFlightMax: QoS 1 and 2 messages that the broker accepts in flight, by connection.
    mutating func setPublishers(
        clients: Range<Int>,
        topics: (Int) -> Range<Int>,
        order: Publisher.TopicOrder,
        window: Int,
        inFlightMax: (Int) -> Int
    ) {
        publishers.removeAll()
        listed.removeAll()
        sentNanoseconds.removeAll()
        missingCopies.removeAll()
        let count = max(1, clients.count)
        for (number, client) in clients.enumerated() {
            // The remainder of the division goes to the first ones.
            let share = max(1, window / count + (number < window % count ? 1 : 0))
            var publisher = Publisher(client: client, topics: topics(number))
            publisher.topicOrder = order
            publisher.inFlightMax = min(inFlightMax(client), 32_000)
            if qos > 0 {
                let size = Self.powerOfTwo(atLeast: min(publisher.inFlightMax, share) + 1)
                publisher.identifiers = sentNanoseconds.count..<sentNanoseconds.count + size
                sentNanoseconds += Array(repeating: 0, count: size)
            }
            if case .delivered(let copies) = settlement, copies > 1 {
                // Later messages may be settled before earlier ones, so there is room for more than the window.
                let size = Self.powerOfTwo(atLeast: 4 * share)
                publisher.copies = missingCopies.count..<missingCopies.count + size
                missingCopies += Array(repeating: 0, count: size)
            }
            publishers.append(publisher)
            grant(number, share)
        }
    }

    /// Gives a publisher leave to publish as many more as were settled.
    @inline(__always)
    mutating func settle(_ publisher: Int, _ count: Int) {
        if !isPaced { grant(publisher, count) }
    }

    /// Gives a publisher leave to publish `count` more.
    @inline(__always)
    mutating func grant(_ publisher: Int, _ count: Int) {
        publishers[publisher].credit += count
        list(publisher)
    }

    @inline(__always)
    mutating func list(_ publisher: Int) {
        if !publishers[publisher].isListed {
            publishers[publisher].isListed = true
            listed.append(publisher)
        }
    }

    static func powerOfTwo(atLeast value: Int) -> Int {
        var power = 1
        while power < value { power <<= 1 }
        return power
    }
}
