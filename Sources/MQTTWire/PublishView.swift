/// A received PUBLISH, decoded in place: offsets into the bytes it was read from, nothing copied.
///
/// Valid for as long as those bytes are. Every string in it has been checked. MQTT 5.0 section 3.3.
@usableFromInline
package struct PublishView: Sendable {
    /// The fixed header's flags: DUP, QoS, RETAIN.
    @usableFromInline package let flags: UInt8
    /// 1 when the payload is declared to be UTF-8, 0 when declared unspecified, `nil` when nothing is said.
    @usableFromInline package internal(set) var payloadFormatIndicator: UInt8?
    /// 0 in a QoS 0 message, which has none `[MQTT-2.2.1-2]`.
    @usableFromInline package let packetID: UInt16
    /// 0 when there is none.
    @usableFromInline package internal(set) var topicAlias: UInt16 = 0
    @usableFromInline package internal(set) var hasUserProperties = false
    /// Seconds, `nil` when the message does not expire.
    @usableFromInline package internal(set) var messageExpiryInterval: UInt32?

    // Offsets are kept in 32 bits: views are stored and passed on.
    @usableFromInline let topicStart: UInt32
    @usableFromInline let topicEnd: UInt32
    @usableFromInline let propertiesStart: UInt32
    @usableFromInline let propertiesEnd: UInt32
    @usableFromInline let end: UInt32
    // Zero means absent: a packet's first byte is never a property.
    @usableFromInline var expiryOffset: UInt32 = 0
    @usableFromInline var aliasOffset: UInt32 = 0
    @usableFromInline var responseTopicStart: UInt32 = 0
    @usableFromInline var responseTopicEnd: UInt32 = 0
    @usableFromInline var correlationStart: UInt32 = 0
    @usableFromInline var correlationEnd: UInt32 = 0
    @usableFromInline var contentTypeStart: UInt32 = 0
    @usableFromInline var contentTypeEnd: UInt32 = 0

    @inlinable
    init(
        flags: UInt8,
        packetID: UInt16,
        topic: Range<Int>,
        properties: Range<Int>,
        end: Int
    ) {
        self.flags = flags
        self.packetID = packetID
        self.topicStart = UInt32(truncatingIfNeeded: topic.lowerBound)
        self.topicEnd = UInt32(truncatingIfNeeded: topic.upperBound)
        self.propertiesStart = UInt32(truncatingIfNeeded: properties.lowerBound)
        self.propertiesEnd = UInt32(truncatingIfNeeded: properties.upperBound)
        self.end = UInt32(truncatingIfNeeded: end)
        self.payloadFormatIndicator = nil
        self.messageExpiryInterval = nil
    }
}

extension PublishView {
    @inlinable package var isDuplicate: Bool { flags & 0b1000 != 0 }
    @inlinable package var retain: Bool { flags & 0b0001 != 0 }
    @inlinable package var qos: QoS {
        flags & 0b0110 == 0 ? .atMostOnce : flags & 0b0010 != 0 ? .atLeastOnce : .exactlyOnce
    }

    /// Empty only when ``topicAlias`` is set.
    @inlinable package var topic: Range<Int> { Int(topicStart)..<Int(topicEnd) }
    @inlinable package var payload: Range<Int> { Int(propertiesEnd)..<Int(end) }
    /// All properties without the length in front of them; empty before MQTT 5.0.
    @inlinable package var properties: Range<Int> { Int(propertiesStart)..<Int(propertiesEnd) }

    /// Where the four bytes of the message expiry interval's value stand, to be lowered on the way out
    /// `[MQTT-3.3.2-6]`; `nil` when the message does not expire.
    @inlinable package var messageExpiryOffset: Int? { expiryOffset == 0 ? nil : Int(expiryOffset) }

    /// The properties that a server forwards unaltered and in order, as the bytes before and after the
    /// topic alias, which belongs to one connection: `[MQTT-3.3.2-4]`, `[MQTT-3.3.2-15]`,
    /// `[MQTT-3.3.2-16]`, `[MQTT-3.3.2-17]`, `[MQTT-3.3.2-18]`, `[MQTT-3.3.2-20]`.
    @inlinable package var forwardableProperties: (Range<Int>, Range<Int>) {
        if aliasOffset == 0 { return (properties, Int(propertiesEnd)..<Int(propertiesEnd)) }
        return (
            Int(propertiesStart)..<Int(aliasOffset),
            Int(aliasOffset) + Self.aliasPropertyLength..<Int(propertiesEnd)
        )
    }

    /// Bytes in both of ``forwardableProperties``.
    @inlinable package var forwardablePropertiesLength: Int {
        Int(propertiesEnd) - Int(propertiesStart) - (aliasOffset == 0 ? 0 : Self.aliasPropertyLength)
    }

    @inlinable package var responseTopic: Range<Int>? {
        responseTopicStart == 0 ? nil : Int(responseTopicStart)..<Int(responseTopicEnd)
    }
    @inlinable package var correlationData: Range<Int>? {
        correlationStart == 0 ? nil : Int(correlationStart)..<Int(correlationEnd)
    }
    @inlinable package var contentType: Range<Int>? {
        contentTypeStart == 0 ? nil : Int(contentTypeStart)..<Int(contentTypeEnd)
    }

    /// Identifier and two value bytes.
    @usableFromInline static var aliasPropertyLength: Int { 3 }
}

extension PublishView {
    /// Decodes the PUBLISH whose fixed header, `header`, begins at `offset`.
    ///
    /// - Parameters:
    ///   - bytes: Must hold the whole packet: wait until ``FixedHeader/packetLength`` bytes are there.
    ///   - sender: A server may send subscription identifiers, a client may not.
    /// - Throws: What ``WireError`` says. Nothing was changed.
    @inlinable
    @inline(__always)
    package static func decode(
        _ bytes: RawSpan,
        at offset: Int,
        header: FixedHeader,
        version: ProtocolVersion,
        sender: Peer = .client
    ) throws(WireError) -> PublishView {
        var position = offset + header.headerLength
        let end = position + header.remainingLength
        guard end <= bytes.byteCount, end <= Int(UInt32.max) else { throw .bodyTooShort }
        let flags = header.flags
        // [MQTT-3.3.1-4]
        guard flags & 0b0110 != 0b0110 else { throw .qosInvalid }
        // [MQTT-3.3.1-2]; MQTT 3.1 does not say it.
        guard flags & 0b1110 != 0b1000 || version == .v3_1 else { throw .duplicateWithoutQoS }

        guard end - position >= 2 else { throw .bodyTooShort }
        let topicLength = Int(bytes.uint16(at: position))
        position += 2
        guard topicLength <= end - position else { throw .bodyTooShort }
        let topic = position..<position + topicLength
        // An empty name is right only beside an alias, which is known after the properties.
        if topicLength != 0 {
            try TopicName.validate(bytes, topic)
        } else if version != .v5 {
            throw .topicNameEmpty
        }
        position += topicLength

        var packetID: UInt16 = 0
        if flags & 0b0110 != 0 {
            guard end - position >= 2 else { throw .bodyTooShort }
            packetID = bytes.uint16(at: position)
            // [MQTT-2.2.1-3], [MQTT-2.2.1-4]; in 3.1.1 [MQTT3-2.3.1-1]
            guard packetID != 0 else { throw .packetIdentifierZero }
            position += 2
        }
        if version != .v5 {
            return PublishView(
                flags: flags,
                packetID: packetID,
                topic: topic,
                properties: position..<position,
                end: end
            )
        }
        guard position < end else { throw .bodyTooShort }
        if bytes.byte(at: position) == 0, topicLength != 0 {
            position += 1
            return PublishView(
                flags: flags,
                packetID: packetID,
                topic: topic,
                properties: position..<position,
                end: end
            )
        }
        return try decodeProperties(
            bytes,
            at: position,
            flags: flags,
            packetID: packetID,
            topic: topic,
            end: end,
            sender: sender
        )
    }

    /// Kept out of line: most messages have no properties.
    @usableFromInline @inline(never)
    static func decodeProperties(
        _ bytes: RawSpan,
        at offset: Int,
        flags: UInt8,
        packetID: UInt16,
        topic: Range<Int>,
        end: Int,
        sender: Peer
    ) throws(WireError) -> PublishView {
        // A topic alias alone, as publishers that count bytes send it.
        if end - offset >= 4, bytes.uint16(at: offset) == 0x0323 {
            let start = offset + 1
            var view = PublishView(
                flags: flags,
                packetID: packetID,
                topic: topic,
                properties: start..<start + 3,
                end: end
            )
            view.topicAlias = bytes.uint16(at: start + 1)
            view.aliasOffset = UInt32(truncatingIfNeeded: start)
            guard view.topicAlias != 0 else { throw .topicAliasZero }  // [MQTT-3.3.2-8]
            return view
        }
        var scanner = try PropertyScanner(
            bytes,
            at: offset,
            packetEnd: end,
            context: sender == .client ? .publishFromClient : .publishFromServer
        )
        var view = PublishView(
            flags: flags,
            packetID: packetID,
            topic: topic,
            properties: scanner.offset..<scanner.end,
            end: end
        )
        while let found = try scanner.next(bytes) {
            let start = UInt32(truncatingIfNeeded: found.value.lowerBound)
            let end = UInt32(truncatingIfNeeded: found.value.upperBound)
            switch found.id {
            case .payloadFormatIndicator:
                view.payloadFormatIndicator = UInt8(truncatingIfNeeded: found.integer)
            case .messageExpiryInterval:
                view.messageExpiryInterval = found.integer
                view.expiryOffset = start
            case .topicAlias:
                view.topicAlias = UInt16(truncatingIfNeeded: found.integer)
                view.aliasOffset = UInt32(truncatingIfNeeded: found.offset)
            case .responseTopic:
                // [MQTT-3.3.2-13], [MQTT-3.3.2-14]
                do { try TopicName.validate(bytes, found.value) } catch { throw .responseTopicInvalid }
                (view.responseTopicStart, view.responseTopicEnd) = (start, end)
            case .correlationData: (view.correlationStart, view.correlationEnd) = (start, end)
            case .contentType: (view.contentTypeStart, view.contentTypeEnd) = (start, end)
            case .userProperty: view.hasUserProperties = true
            default: break
            }
        }
        guard !topic.isEmpty || view.topicAlias != 0 else { throw .topicNameMissing }
        return view
    }

    /// Checks a payload that declares itself UTF-8; costs a pass over it, so a server does it only
    /// where it is told to (section 3.3.2.3.2 leaves it to the receiver).
    ///
    /// - Throws: ``WireError/payloadNotUTF8``.
    package func validatePayloadFormat(_ bytes: RawSpan) throws(WireError) {
        guard payloadFormatIndicator == 1 else { return }
        guard UTF8Text.isWellFormed(bytes, payload, allowNull: true) else { throw .payloadNotUTF8 }
    }
}
