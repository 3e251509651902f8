import MQTTWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Who gets a message on one topic: the answer of the subscription index, kept until the index changes.
struct Route {
    /// One session that wants the topic, all its matching filters taken together `[MQTT3-3.3.5-1]`.
    struct Target: BitwiseCopyable {
        var session: Int32
        /// The one subscription identifier, or where the list begins in ``Route/identifiers``.
        var identifier: UInt32
        var identifierCount: UInt16
        /// The highest of the matching filters `[MQTT3-3.3.5-1]`.
        var qos: QoS
        /// The highest of the filters without No Local, or 255: what a session gets of its own messages.
        var qosOfOwn: UInt8
        var flags: Flags
    }

    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        static let retainAsPublished = Flags(rawValue: 1)
        static let checkEachMessage = Flags(rawValue: 2)
    }

    var hash: UInt64 = 0
    var generation: UInt32 = 0
    var topicLength: UInt32 = 0
    private var topicCapacity: UInt32 = 0
    var targetCount: UInt32 = 0
    private var targetCapacity: UInt32 = 0
    /// Bits of the other shards that want the topic.
    var remoteShards: UInt32 = 0
    /// The durable streams that keep the topic; 0 for none.
    var streams: UInt32 = 0
    /// The last session that was found allowed to publish here, and under which rules.
    var allowedPublisher: Int32 = -1
    var allowedEpoch: UInt32 = 0
    private var topic: UnsafeMutableRawPointer?
    private(set) var targets: UnsafeMutablePointer<Target>?
    /// Groups of shared subscriptions that match.
    var groups: [Int32] = []
    /// Identifier lists of the targets that have several.
    var identifiers: [UInt32] = []

    init() {}

    var topicBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: topic, count: Int(topicLength)) }
    var isEmpty: Bool { targetCount == 0 && remoteShards == 0 && groups.isEmpty }

    @inline(__always)
    func holds(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> Bool {
        guard self.hash == hash, Int(topicLength) == bytes.count, let topic, let other = bytes.baseAddress
        else { return false }
        return memcmp(topic, other, bytes.count) == 0
    }

    /// Makes the slot that of another topic, without targets.
    mutating func reset(_ bytes: UnsafeRawBufferPointer, hash: UInt64) {
        if bytes.count > Int(topicCapacity) {
            topic?.deallocate()
            let capacity = (bytes.count + 31) & ~31
            topic = .allocate(byteCount: capacity, alignment: 8)
            topicCapacity = UInt32(capacity)
        }
        if let topic, let start = bytes.baseAddress { memcpy(topic, start, bytes.count) }
        topicLength = UInt32(bytes.count)
        self.hash = hash
        allowedPublisher = -1
        clear()
    }

    mutating func clear() {
        targetCount = 0
        remoteShards = 0
        streams = 0
        if !groups.isEmpty { groups.removeAll() }
        if !identifiers.isEmpty { identifiers.removeAll() }
    }

    /// Adds what one node holds; a session that is there already is merged by ``mergeDuplicates()``.
    mutating func add(_ list: UnsafeMutablePointer<SubscriberList>) {
        remoteShards |= list.pointee.remoteShards
        let count = list.pointee.count
        if targetCount + count > targetCapacity { reserve(targetCount + count) }
        guard let targets else { return }
        for i in 0..<count {
            let subscription = list.pointee[i]
            let options = subscription.options
            targets[Int(targetCount)] = Target(
                session: subscription.session,
                identifier: subscription.identifier,
                identifierCount: subscription.identifier == 0 ? 0 : 1,
                qos: options.qos,
                qosOfOwn: options.noLocal ? 255 : options.qos.rawValue,
                flags: Flags(
                    rawValue: (options.retainAsPublished ? 1 : 0) | (options.checkEachMessage ? 2 : 0)
                )
            )
            targetCount += 1
        }
    }

    /// Makes one target of several filters of one session: highest QoS, all identifiers.
    ///
    /// `[MQTT-3.3.4-2]`…`[MQTT-3.3.4-5]`: one copy with every identifier. Topics with a single
    /// matching node have no duplicates and never come here.
    mutating func mergeDuplicates() {
        guard let targets, targetCount > 1 else { return }
        var slice = UnsafeMutableBufferPointer(start: targets, count: Int(targetCount))
        slice.sort { $0.session < $1.session }
        var lists: [UInt32] = []
        var kept = 0
        var i = 0
        while i < slice.count {
            var merged = slice[i]
            var ids: [UInt32] = merged.identifierCount > 0 ? [merged.identifier] : []
            var j = i + 1
            while j < slice.count, slice[j].session == merged.session {
                let other = slice[j]
                merged.qos = max(merged.qos, other.qos)
                if other.qosOfOwn != 255 {
                    merged.qosOfOwn =
                        merged.qosOfOwn == 255 ? other.qosOfOwn : max(merged.qosOfOwn, other.qosOfOwn)
                }
                // Retained as published if any filter asked so; checked only if all of them are partial.
                let retain = merged.flags.union(other.flags).intersection(.retainAsPublished)
                let check = merged.flags.intersection(other.flags).intersection(.checkEachMessage)
                merged.flags = retain.union(check)
                if other.identifierCount > 0 { ids.append(other.identifier) }
                j += 1
            }
            merged.identifierCount = UInt16(min(ids.count, Int(UInt16.max)))
            if ids.count == 1 {
                merged.identifier = ids[0]
            } else if ids.count > 1 {
                merged.identifier = UInt32(lists.count)
                lists.append(contentsOf: ids.prefix(Int(UInt16.max)))
            }
            slice[kept] = merged
            kept += 1
            i = j
        }
        targetCount = UInt32(kept)
        identifiers = lists
    }

    private mutating func reserve(_ wanted: UInt32) {
        var capacity = max(targetCapacity, 2)
        while capacity < wanted { capacity *= 2 }
        let bigger = UnsafeMutablePointer<Target>.allocate(capacity: Int(capacity))
        if let targets {
            bigger.update(from: targets, count: Int(targetCount))
            targets.deallocate()
        }
        targets = bigger
        targetCapacity = capacity
    }

    mutating func destroy() {
        topic?.deallocate()
        targets?.deallocate()
        self = Route()
    }
}
