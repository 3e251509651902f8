/// Writes the small packets of the hot path into a buffer that the caller owns.
@usableFromInline
package enum AckEncoder {
    /// The most bytes that ``write(_:packetID:reasonCode:version:to:at:)`` writes.
    @inlinable package static var maximumLength: Int { 5 }

    /// A four-byte PUBACK, PUBREC, PUBREL or PUBCOMP that says success, the same in every version, as an
    /// integer whose bytes in memory are the packet: store it with `storeBytes(of:as:)`.
    @inlinable
    package static func success(_ type: PacketType, packetID: UInt16) -> UInt32 {
        let first = type.rawValue << 4 | type.prescribedFlags
        return (UInt32(first) << 24 | 0x0002_0000 | UInt32(packetID)).bigEndian
    }

    /// Writes a PUBACK, PUBREC, PUBREL or PUBCOMP at `offset`, which must have ``maximumLength`` bytes left.
    ///
    /// - Parameter reasonCode: Left out before MQTT 5.0, which cannot say it, and when it is success.
    /// - Returns: The bytes written, 4 or 5.
    @inlinable
    package static func write(
        _ type: PacketType,
        packetID: UInt16,
        reasonCode: ReasonCode = .success,
        version: ProtocolVersion,
        to buffer: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) -> Int {
        if reasonCode == .success || version != .v5 {
            buffer.storeBytes(of: success(type, packetID: packetID), toByteOffset: offset, as: UInt32.self)
            return 4
        }
        let first = type.rawValue << 4 | type.prescribedFlags
        let packet = UInt32(first) << 24 | 0x0003_0000 | UInt32(packetID)
        buffer.storeBytes(of: packet.bigEndian, toByteOffset: offset, as: UInt32.self)
        buffer[offset + 4] = reasonCode.rawValue
        return 5
    }

    /// PINGRESP, as an integer whose bytes in memory are the packet.
    @inlinable
    package static var pingResp: UInt16 { (0xD000 as UInt16).bigEndian }

    /// PINGREQ, as an integer whose bytes in memory are the packet.
    @inlinable
    package static var pingReq: UInt16 { (0xC000 as UInt16).bigEndian }
}
