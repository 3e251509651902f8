/// A packet whose reason string and user properties are there for people to read, and may be left out.
package protocol DiagnosingPacket {
    var properties: Properties { get set }
    func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError)
}

extension DiagnosingPacket {
    /// Appends the packet if it has at most `maximumPacketSize` bytes, without user properties or the
    /// reason string if it must: a receiver's Maximum Packet Size goes before both, in CONNACK
    /// `[MQTT-3.2.2-19]`, `[MQTT-3.2.2-20]`, PUBACK `[MQTT-3.4.2-2]`, `[MQTT-3.4.2-3]`, PUBREC `[MQTT-3.5.2-2]`,
    /// `[MQTT-3.5.2-3]`, PUBREL `[MQTT-3.6.2-2]`, `[MQTT-3.6.2-3]`, PUBCOMP `[MQTT-3.7.2-2]`, `[MQTT-3.7.2-3]`,
    /// SUBACK `[MQTT-3.9.2-1]`, `[MQTT-3.9.2-2]`, UNSUBACK `[MQTT-3.11.2-1]`, `[MQTT-3.11.2-2]`, DISCONNECT
    /// `[MQTT-3.14.2-3]`, `[MQTT-3.14.2-4]` and AUTH `[MQTT-3.15.2-2]`, `[MQTT-3.15.2-3]`.
    ///
    /// - Returns: `false`, with `buffer` as it was, when it is too large still `[MQTT-3.1.2-24]`.
    /// - Throws: ``WireError/fieldTooLong``, with `buffer` as it was.
    package func encode(
        into buffer: inout [UInt8],
        version: ProtocolVersion,
        maximumPacketSize: Int
    ) throws(WireError) -> Bool {
        let start = buffer.count
        var packet = self
        while true {
            try packet.encode(into: &buffer, version: version)
            if buffer.count - start <= maximumPacketSize { return true }
            buffer.removeSubrange(start...)
            if !packet.properties.userProperties.isEmpty {
                packet.properties.userProperties = []
            } else if packet.properties.reasonString != nil {
                packet.properties.reasonString = nil
            } else {
                return false
            }
        }
    }
}
