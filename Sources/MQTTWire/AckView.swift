/// A received PUBACK, PUBREC, PUBREL or PUBCOMP, decoded without allocation.
///
/// Its properties (a reason string, user properties) are checked and not kept: nobody on the other
/// side of a broker ever sees them. ``Acknowledgement`` keeps them.
@usableFromInline
package struct AckView: Equatable, Sendable {
    @usableFromInline package let packetID: UInt16
    /// Success before MQTT 5.0, and when left out `[MQTT 3.4.2.1]`.
    @usableFromInline package let reasonCode: ReasonCode

    @inlinable
    package init(packetID: UInt16, reasonCode: ReasonCode) {
        self.packetID = packetID
        self.reasonCode = reasonCode
    }

    /// Decodes the packet whose fixed header, `header`, begins at `offset`.
    ///
    /// - Parameter bytes: Must hold the whole packet.
    @inlinable
    package static func decode(
        _ bytes: RawSpan,
        at offset: Int,
        header: FixedHeader,
        version: ProtocolVersion
    ) throws(WireError) -> AckView {
        let start = offset + header.headerLength
        let end = start + header.remainingLength
        guard end <= bytes.byteCount, end - start >= 2 else { throw .bodyTooShort }
        let packetID = bytes.uint16(at: start)
        // [MQTT-2.2.1-5], [MQTT-2.2.1-6]: it repeats an identifier, and those are not zero.
        guard packetID != 0 else { throw .packetIdentifierZero }
        if end - start == 2 { return AckView(packetID: packetID, reasonCode: .success) }
        guard version == .v5 else { throw .bodyTooLong }
        return AckView(
            packetID: packetID,
            reasonCode: try decodeRest(bytes, start + 2..<end, type: header.type)
        )
    }

    @usableFromInline @inline(never)
    static func decodeRest(
        _ bytes: RawSpan,
        _ rest: Range<Int>,
        type: PacketType
    ) throws(WireError) -> ReasonCode {
        let reasonCode = ReasonCode(rawValue: bytes.byte(at: rest.lowerBound))
        guard reasonCode.isAllowed(in: type) else { throw .reasonCodeInvalid }
        if rest.count > 1 {
            var scanner = try PropertyScanner(
                bytes,
                at: rest.lowerBound + 1,
                packetEnd: rest.upperBound,
                context: .acknowledgement
            )
            while try scanner.next(bytes) != nil {}
            guard scanner.end == rest.upperBound else { throw .bodyTooLong }
        }
        return reasonCode
    }
}

extension ReasonCode {
    /// Whether this code may stand in an acknowledgement of `type`: `[MQTT-3.4.2-1]`, `[MQTT-3.5.2-1]`,
    /// `[MQTT-3.6.2-1]`, `[MQTT-3.7.2-1]`.
    func isAllowed(in type: PacketType) -> Bool {
        switch type {
        case .pubAck, .pubRec:
            switch self {
            case .success, .noMatchingSubscribers, .unspecifiedError, .implementationSpecificError,
                .notAuthorized,
                .topicNameInvalid, .packetIdentifierInUse, .quotaExceeded, .payloadFormatInvalid:
                true
            default: false
            }
        case .pubRel, .pubComp: self == .success || self == .packetIdentifierNotFound
        default: false
        }
    }
}
