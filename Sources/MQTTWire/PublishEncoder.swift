#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The parts of an application message as a broker passes it on, borrowed from wherever they lie.
///
/// The pointers must stay valid while the value is used; it is made, used and dropped within one
/// call of the broker core and never stored.
package struct PublishParts {
    package var topic: UnsafeRawBufferPointer
    /// Encoded properties as received, without topic alias and subscription identifiers
    /// `[MQTT-3.3.2-4]`…`[MQTT-3.3.2-20]`, in two pieces (what stood before the alias and after it).
    package var properties: UnsafeRawBufferPointer
    package var moreProperties: UnsafeRawBufferPointer
    package var payload: UnsafeRawBufferPointer
    /// Where the four bytes of the message expiry interval stand in the two pieces joined, or -1.
    package var expiryOffset: Int

    @inlinable
    package init(
        topic: UnsafeRawBufferPointer,
        properties: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        moreProperties: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        payload: UnsafeRawBufferPointer,
        expiryOffset: Int = -1
    ) {
        self.topic = topic
        self.properties = properties
        self.moreProperties = moreProperties
        self.payload = payload
        self.expiryOffset = expiryOffset
    }
}

/// An outgoing PUBLISH `[MQTT 3.3]`: its size first, so that the caller can find room, then its bytes.
package struct PublishEncoder {
    @usableFromInline let isVersion5: Bool
    @usableFromInline let firstByte: UInt8
    @usableFromInline let topicAlias: UInt16
    @usableFromInline let omitsTopic: Bool
    @usableFromInline let identifierCount: Int
    @usableFromInline let propertiesLength: Int
    @usableFromInline let remainingLength: Int
    /// Bytes of the whole packet.
    package let size: Int

    /// - Parameters:
    ///   - retain: the RETAIN flag to send, already decided `[MQTT-3.3.1-9]`, `[MQTT-3.3.1-12]`.
    ///   - topicAlias: 0 for none; version 5 only.
    ///   - omitsTopic: send an empty topic because the alias is known to the receiver.
    ///   - identifiersLength: bytes that the subscription identifiers take, see ``identifierLength(_:)``.
    @inlinable
    package init(
        _ parts: borrowing PublishParts,
        isVersion5: Bool,
        qos: QoS,
        retain: Bool,
        dup: Bool = false,
        topicAlias: UInt16 = 0,
        omitsTopic: Bool = false,
        identifiersLength: Int = 0
    ) {
        self.isVersion5 = isVersion5
        self.topicAlias = topicAlias
        self.omitsTopic = omitsTopic
        self.identifierCount = identifiersLength
        firstByte = 0x30 | (dup ? 8 : 0) | (qos.rawValue &<< 1) | (retain ? 1 : 0)
        var length = 2 &+ (omitsTopic ? 0 : parts.topic.count) &+ (qos == .atMostOnce ? 0 : 2)
        if isVersion5 {
            propertiesLength =
                parts.properties.count &+ parts.moreProperties.count &+ (topicAlias == 0 ? 0 : 3)
                &+ identifiersLength
            length = length &+ Self.lengthOfLength(propertiesLength) &+ propertiesLength
        } else {
            propertiesLength = 0
        }
        length = length &+ parts.payload.count
        remainingLength = length
        size = 1 &+ Self.lengthOfLength(length) &+ length
    }

    /// Bytes that one subscription identifier takes as a property, `[MQTT 3.3.2.3.8]`.
    @inlinable
    package static func identifierLength(_ identifier: UInt32) -> Int { 1 &+ lengthOfLength(Int(identifier)) }

    @inlinable
    static func lengthOfLength(_ value: Int) -> Int {
        value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
    }

    /// Writes the packet, ``size`` bytes, to `place`.
    ///
    /// - Parameters:
    ///   - packetID: non-zero where the quality of service asks for one `[MQTT-2.2.1-2]`.
    ///   - expiry: seconds left, written over the interval in the properties `[MQTT-3.3.2-6]`.
    ///   - identifiers: subscription identifiers, 1…268,435,455 each.
    /// - Returns: where the packet identifier stands, counted from `place`; 0 where there is none.
    @inlinable @inline(__always)
    @discardableResult
    package func write(
        _ parts: borrowing PublishParts,
        packetID: UInt16,
        expiry: UInt32 = 0,
        identifiers: (UnsafePointer<UInt32>, Int)? = nil,
        to place: UnsafeMutableRawPointer
    ) -> Int {
        var p = place
        p.storeBytes(of: firstByte, as: UInt8.self)
        p += 1
        p = Self.writeLength(remainingLength, to: p)
        let topicLength = omitsTopic ? 0 : parts.topic.count
        p.storeBytes(of: UInt16(truncatingIfNeeded: topicLength).bigEndian, as: UInt16.self)
        p += 2
        if topicLength > 0, let topic = parts.topic.baseAddress {
            memcpy(p, topic, topicLength)
            p += topicLength
        }
        var packetIDOffset = 0
        if firstByte & 0x06 != 0 {
            packetIDOffset = p - place
            p.storeBytes(of: packetID.bigEndian, as: UInt16.self)
            p += 2
        }
        if isVersion5 {
            p = Self.writeLength(propertiesLength, to: p)
            if propertiesLength > 0 { p = writeProperties(parts, expiry, identifiers, to: p) }
        }
        if let payload = parts.payload.baseAddress {
            memcpy(p, payload, parts.payload.count)
            p += parts.payload.count
        }
        assert(p - place == size)
        return packetIDOffset
    }

    @usableFromInline @inline(never)
    func writeProperties(
        _ parts: borrowing PublishParts,
        _ expiry: UInt32,
        _ identifiers: (UnsafePointer<UInt32>, Int)?,
        to start: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var p = start
        if topicAlias != 0 {
            p.storeBytes(of: 0x23, as: UInt8.self)
            (p + 1).storeBytes(of: topicAlias.bigEndian, as: UInt16.self)
            p += 3
        }
        if let (list, count) = identifiers {
            for i in 0..<count {
                p.storeBytes(of: 0x0B, as: UInt8.self)
                p = Self.writeLength(Int(list[i]), to: p + 1)
            }
        }
        let forwarded = p
        if let piece = parts.properties.baseAddress {
            memcpy(p, piece, parts.properties.count)
            p += parts.properties.count
        }
        if let piece = parts.moreProperties.baseAddress {
            memcpy(p, piece, parts.moreProperties.count)
            p += parts.moreProperties.count
        }
        let expiryOffset = parts.expiryOffset
        if expiryOffset >= 0 {
            let room = p - forwarded
            precondition(expiryOffset + 4 <= room, "expiry outside the properties")
            (forwarded + expiryOffset).storeBytes(of: expiry.bigEndian, as: UInt32.self)
        }
        return p
    }

    /// Writes a variable byte integer `[MQTT-1.5.5-1]` of at most 268,435,455.
    @inlinable @inline(__always)
    static func writeLength(_ value: Int, to place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        var p = place
        var rest = value
        while rest >= 128 {
            p.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            p += 1
            rest >>= 7
        }
        p.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        return p + 1
    }
}
