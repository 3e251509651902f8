/// PUBLISH as a value of its own, MQTT 5.0 section 3.3: for clients and tests.
///
/// The broker reads ``PublishView`` in place instead.
package struct Publish: Equatable, Sendable {
    /// Empty only beside a topic alias.
    package var topic: String
    package var payload: [UInt8]
    package var qos: QoS
    package var retain: Bool
    package var isDuplicate = false
    /// 0 in a QoS 0 message, which has none.
    package var packetID: UInt16
    package var properties = Properties()

    package init(
        topic: String,
        payload: [UInt8],
        qos: QoS = .atMostOnce,
        retain: Bool = false,
        packetID: UInt16 = 0
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.packetID = packetID
    }

    /// Decodes the PUBLISH whose fixed header, `header`, begins at `offset`; all of it must be in `bytes`.
    package static func decode(
        _ bytes: RawSpan,
        at offset: Int,
        header: FixedHeader,
        version: ProtocolVersion,
        sender: Peer
    ) throws(WireError) -> Publish {
        let view = try PublishView.decode(bytes, at: offset, header: header, version: version, sender: sender)
        var packet = Publish(
            topic: bytes.text(view.topic),
            payload: bytes.copy(view.payload),
            qos: view.qos,
            retain: view.retain,
            packetID: view.packetID
        )
        packet.isDuplicate = view.isDuplicate
        if !view.properties.isEmpty {
            // The view found the properties well-formed; the length in front of them ends where they begin.
            var start = view.properties.lowerBound
            start -= VariableByteInteger.length(of: view.properties.count)
            packet.properties = try Properties.decode(
                bytes,
                at: &start,
                packetEnd: view.payload.upperBound,
                context: sender == .client ? .publishFromClient : .publishFromServer
            )
        }
        return packet
    }

    /// Appends the packet. The packet identifier is written for QoS 1 and 2 only `[MQTT-2.2.1-2]`, the
    /// properties in MQTT 5.0 only.
    ///
    /// - Throws: ``WireError/fieldTooLong``, ``WireError/packetTooLarge``; `buffer` is then as it was.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        let flags = (isDuplicate ? 0b1000 : 0) | qos.rawValue << 1 | (retain ? 1 : 0)
        try PacketWriter.packet(.publish, flags: flags, into: &buffer) {
            (buffer: inout [UInt8]) throws(WireError) in
            try buffer.append(string: topic)
            if qos != .atMostOnce { buffer.append(bigEndian: packetID) }
            if version == .v5 { try properties.encode(into: &buffer) }
            buffer.append(contentsOf: payload)
        }
    }
}
