/// PUBLISH packets encoded beforehand: a head for each topic and one payload for all.
///
/// A publish is then two copies and at most three patched fields.
struct PublishTemplates: ~Copyable {
    private struct Head {
        var start: Int
        var count: Int
        /// Where the packet identifier lies in the head; 0 for QoS 0.
        var packetIDOffset: Int
    }

    private let bytes: UnsafeRawPointer
    private let heads: UnsafeMutablePointer<Head>
    private let payload: UnsafeMutableRawPointer
    let payloadCount: Int
    let topicCount: Int
    /// The longest packet of all.
    let packetCountMax: Int

    /// - Parameter payloadCount: at least ``Stamp/size``, or 0 for messages without payload, which carry no stamp.
    init(
        topics: [String],
        version: BrokerTarget.Version,
        qos: UInt8,
        retain: Bool,
        payloadCount: Int
    ) {
        precondition(payloadCount >= Stamp.size || payloadCount == 0, "the payload has no room for its stamp")
        var all: [UInt8] = []
        var made: [Head] = []
        made.reserveCapacity(topics.count)
        var longest = 0
        for topic in topics {
            var variable: [UInt8] = []
            ControlPackets.append(topic, to: &variable)
            let afterTopic = variable.count
            if qos > 0 { variable += [0, 0] }
            if version == .v5 { variable.append(0) }
            var head: [UInt8] = [0x30 | qos << 1 | (retain ? 1 : 0)]
            ControlPackets.appendVariableByteInteger(variable.count + payloadCount, to: &head)
            let packetID = qos > 0 ? head.count + afterTopic : 0
            head += variable
            made.append(Head(start: all.count, count: head.count, packetIDOffset: packetID))
            all += head
            longest = max(longest, head.count + payloadCount)
        }
        let encoded = UnsafeMutableRawPointer.allocate(byteCount: max(all.count, 1), alignment: 8)
        UnsafeMutableRawBufferPointer(start: encoded, count: all.count).copyBytes(from: all)
        bytes = UnsafeRawPointer(encoded)
        heads = .allocate(capacity: max(made.count, 1))
        heads.initialize(from: made, count: made.count)
        payload = .allocate(byteCount: max(1, payloadCount), alignment: 8)
        for index in 0..<payloadCount {
            payload.storeBytes(
                of: UInt8(truncatingIfNeeded: 0x20 + index % 95),
                toByteOffset: index,
                as: UInt8.self
            )
        }
        self.payloadCount = payloadCount
        topicCount = made.count
        packetCountMax = longest
    }

    deinit {
        bytes.deallocate()
        heads.deallocate()
        payload.deallocate()
    }

    /// Writes one packet to `out`, which has room for `packetCountMax` bytes.
    ///
    /// - Returns: the bytes written.
    @inline(__always)
    func write(
        topic: Int,
        packetID: UInt16,
        dup: Bool = false,
        stamp: Stamp,
        to out: UnsafeMutableRawPointer
    ) -> Int {
        let head = heads[topic]
        out.copyMemory(from: bytes + head.start, byteCount: head.count)
        if head.packetIDOffset > 0 {
            out.storeBytes(of: packetID.bigEndian, toByteOffset: head.packetIDOffset, as: UInt16.self)
        }
        if payloadCount > 0 {
            (out + head.count).copyMemory(from: payload, byteCount: payloadCount)
            stamp.write(to: out + head.count)
        }
        return head.count + payloadCount
    }
}
