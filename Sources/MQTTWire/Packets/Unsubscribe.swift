/// UNSUBSCRIBE, MQTT 5.0 section 3.10.
package struct Unsubscribe: Equatable, Sendable {
    package var packetID: UInt16
    /// In the packet's order, which is the order of UNSUBACK's reason codes `[MQTT-3.11.3-1]`.
    package var filters: [TopicFilter]
    package var properties = Properties()

    package init(packetID: UInt16, filters: [TopicFilter]) {
        self.packetID = packetID
        self.filters = filters
    }

    /// Decodes all that follows the fixed header.
    package static func decode(_ body: RawSpan, version: ProtocolVersion) throws(WireError) -> Unsubscribe {
        var reader = PacketReader(body)
        var packet = Unsubscribe(packetID: try reader.packetID(body), filters: [])
        packet.properties = try reader.properties(body, .unsubscribe, version)
        // [MQTT-3.10.3-2]
        guard !reader.isAtEnd else { throw .noTopicFilter }
        while !reader.isAtEnd {
            // [MQTT-3.10.3-1]
            packet.filters.append(try TopicFilter.parse(body, try reader.stringRange(body)))
        }
        return packet
    }

    /// Appends the packet.
    ///
    /// - Throws: ``WireError/packetTooLarge``; `buffer` is then as it was.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(.unsubscribe, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            buffer.append(bigEndian: packetID)
            if version == .v5 { try properties.encode(into: &buffer) }
            for filter in filters { try buffer.append(binary: filter.utf8) }
        }
    }
}
