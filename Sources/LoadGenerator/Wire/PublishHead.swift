/// Where the parts of a received PUBLISH lie in its remaining bytes.
package struct PublishHead: Equatable {
    /// 0 for QoS 0.
    package var packetID: UInt16
    package var payload: Range<Int>

    @inline(__always)
    package init(
        firstByte: UInt8,
        remaining: UnsafeRawBufferPointer,
        version5: Bool
    ) throws(PacketScanner.Malformed) {
        let count = remaining.count
        guard count >= 2 else { throw PacketScanner.Malformed(reason: "a PUBLISH without a topic") }
        var at = 2 + (Int(remaining[0]) << 8 | Int(remaining[1]))
        var packetID: UInt16 = 0
        if firstByte & 0x06 != 0 {
            guard at + 2 <= count else {
                throw PacketScanner.Malformed(reason: "a PUBLISH without a packet identifier")
            }
            packetID = UInt16(remaining[at]) << 8 | UInt16(remaining[at + 1])
            at += 2
        }
        if version5 {
            guard let length = try PacketScanner.variableByteInteger(remaining, at: at) else {
                throw PacketScanner.Malformed(reason: "a PUBLISH without properties")
            }
            at += length.size + length.value
        }
        guard at <= count else { throw PacketScanner.Malformed(reason: "a PUBLISH shorter than its topic") }
        self.packetID = packetID
        payload = at..<count
    }
}
