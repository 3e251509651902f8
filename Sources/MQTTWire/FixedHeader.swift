/// The first bytes of every control packet, MQTT 5.0 section 2.1: type, flags, remaining length.
@usableFromInline
package struct FixedHeader: Equatable, Sendable {
    @usableFromInline package let type: PacketType
    /// The low four bits of the first byte.
    @usableFromInline package let flags: UInt8
    @usableFromInline let lengthOfHeader: UInt8
    @usableFromInline let lengthOfBody: UInt32

    /// Bytes of the fixed header itself, 2…5.
    @inlinable package var headerLength: Int { Int(lengthOfHeader) }
    /// Bytes that follow the fixed header, 0…268,435,455.
    @inlinable package var remainingLength: Int { Int(lengthOfBody) }
    /// Bytes of the whole control packet.
    @inlinable package var packetLength: Int { Int(lengthOfHeader) + Int(lengthOfBody) }

    /// Where the body of a packet that begins at `offset` stands.
    @inlinable
    package func body(at offset: Int) -> Range<Int> {
        offset + headerLength..<offset + packetLength
    }

    @inlinable
    init(type: PacketType, flags: UInt8, headerLength: Int, remainingLength: Int) {
        self.type = type
        self.flags = flags
        self.lengthOfHeader = UInt8(truncatingIfNeeded: headerLength)
        self.lengthOfBody = UInt32(truncatingIfNeeded: remainingLength)
    }

    /// Reads the fixed header that begins at `offset`.
    ///
    /// - Parameters:
    ///   - maximumPacketSize: In bytes, header included. A larger packet is refused before its body arrives.
    ///   - version: That of the connection. Before CONNECT is read pass ``ProtocolVersion/v3_1_1``.
    ///     MQTT 5.0 refuses lengths longer than needed, which 3.1 and 3.1.1 allow; 3.1 allows DUP on
    ///     PUBREL, SUBSCRIBE and UNSUBSCRIBE.
    /// - Returns: `nil` while bytes are missing. The body may still be missing when there is a header:
    ///   compare ``packetLength`` with what is there.
    /// - Throws: ``WireError/packetTypeReserved``, ``WireError/headerFlagsReserved``,
    ///   ``WireError/remainingLengthInvalid``, ``WireError/packetTooLarge``.
    @inlinable
    @inline(__always)
    package static func parse(
        _ bytes: RawSpan,
        at offset: Int,
        maximumPacketSize: Int,
        version: ProtocolVersion
    ) throws(WireError) -> FixedHeader? {
        guard bytes.byteCount - offset >= 2 else { return nil }
        let first = bytes.byte(at: offset)
        let length = bytes.byte(at: offset + 1)
        // Most packets by far: a PUBLISH of at most 129 bytes, and PUBACK.
        if length < 0x80, Int(length) + 2 <= maximumPacketSize {
            if first & 0xF0 == 0x30 {
                return FixedHeader(
                    type: .publish,
                    flags: first & 0x0F,
                    headerLength: 2,
                    remainingLength: Int(length)
                )
            }
            if first == 0x40 {
                return FixedHeader(type: .pubAck, flags: 0, headerLength: 2, remainingLength: Int(length))
            }
        }
        return try parseAny(bytes, at: offset, maximumPacketSize: maximumPacketSize, version: version)
    }

    @usableFromInline
    static func parseAny(
        _ bytes: RawSpan,
        at offset: Int,
        maximumPacketSize: Int,
        version: ProtocolVersion
    ) throws(WireError) -> FixedHeader? {
        let first = bytes.byte(at: offset)
        let type = try parseType(first, version)
        var length = 0
        var next = offset + 1
        var shift = 0
        while true {
            guard shift < 28 else { throw .remainingLengthInvalid }
            // The part that is there is a lower bound: refuse early rather than wait for the rest.
            guard length <= maximumPacketSize else { throw .packetTooLarge }
            guard next < bytes.byteCount else { return nil }
            let byte = bytes.byte(at: next)
            next += 1
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                // [MQTT-1.5.5-1]
                guard byte != 0 || shift == 0 || version != .v5 else { throw .remainingLengthInvalid }
                break
            }
            shift += 7
        }
        let headerLength = next - offset
        guard headerLength + length <= maximumPacketSize else { throw .packetTooLarge }
        return FixedHeader(
            type: type,
            flags: first & 0x0F,
            headerLength: headerLength,
            remainingLength: length
        )
    }

    private static func parseType(
        _ first: UInt8,
        _ version: ProtocolVersion
    ) throws(WireError) -> PacketType {
        // 0 is reserved in every version, 15 before MQTT 5.0.
        guard let type = PacketType(rawValue: first >> 4), type != .auth || version == .v5 else {
            throw .packetTypeReserved
        }
        // [MQTT-2.1.3-1]; in 3.1.1 [MQTT3-2.2.2-1], [MQTT3-2.2.2-2]; there [MQTT3-3.6.1-1],
        // [MQTT-3.8.1-1], [MQTT-3.10.1-1], [MQTT-3.14.1-1] and [MQTT-3.15.1-1] say it for one packet.
        let prescribed = type.prescribedFlags
        if type != .publish, first & 0x0F != prescribed {
            let repeated = version == .v3_1 && prescribed != 0 && first & 0x0F == prescribed | 0b1000
            guard repeated else { throw .headerFlagsReserved }
        }
        return type
    }
}
