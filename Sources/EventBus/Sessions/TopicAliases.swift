/// What a client's topic aliases stand for, `[MQTT-3.3.2-7]`…`[MQTT-3.3.2-12]`; one connection only.
final class IncomingAliases {
    private var topics: [UnsafeRawBufferPointer?]

    init(maximum: UInt16) { topics = Array(repeating: nil, count: Int(maximum)) }

    deinit { for topic in topics { topic?.deallocate() } }

    /// The topic behind `alias` (1 is the first), or `nil` where the client never set it.
    ///
    /// Valid until ``set(_:to:)`` is called for the same alias.
    func topic(_ alias: UInt16) -> UnsafeRawBufferPointer? {
        let index = Int(alias) - 1
        return index >= 0 && index < topics.count ? topics[index] : nil
    }

    func isInRange(_ alias: UInt16) -> Bool { alias > 0 && Int(alias) <= topics.count }

    func set(_ alias: UInt16, to topic: UnsafeRawBufferPointer) {
        let index = Int(alias) - 1
        guard index >= 0, index < topics.count else { return }
        topics[index]?.deallocate()
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: topic.count, alignment: 1)
        copy.copyMemory(from: topic)
        topics[index] = UnsafeRawBufferPointer(copy)
    }
}

/// The aliases that we set towards a client that allows them, `[MQTT-3.1.2-26]`: first come, first served.
final class OutgoingAliases {
    private var aliases: [[UInt8]: UInt16] = [:]
    private let maximum: UInt16
    private var key: [UInt8] = []

    init(maximum: UInt16) { self.maximum = maximum }

    /// The alias of `topic` and whether the client knows it already; 0 when all are taken.
    func alias(for topic: UnsafeRawBufferPointer) -> (alias: UInt16, isKnown: Bool) {
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: topic)
        if let alias = aliases[key] { return (alias, true) }
        guard aliases.count < Int(maximum) else { return (0, false) }
        let alias = UInt16(aliases.count + 1)
        aliases[key] = alias
        return (alias, false)
    }

    /// Takes back the newest alias, whose packet was not sent after all.
    func forget(_ topic: UnsafeRawBufferPointer) { aliases[Array(topic)] = nil }
}
