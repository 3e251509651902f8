internal import MQTTWire

/// An event of a lane as an MQTT message of its own: where it came from stands in user properties, by which a
/// consumer can tell a repetition.
package struct EventOrigin: Sendable {
    package var site: String
    package var lane: String
    package var epoch: UInt64
    package var sequence: UInt64
    /// Nanoseconds since 1970 at which the site took it in.
    package var time: Int64
    /// The client that published it at the site.
    package var source: String

    package init(site: String, lane: String, epoch: UInt64, sequence: UInt64, time: Int64, source: String) {
        self.site = site
        self.lane = lane
        self.epoch = epoch
        self.sequence = sequence
        self.time = time
        self.source = source
    }

    fileprivate var userProperties: [(String, String)] {
        [
            ("site", site), ("lane", lane), ("epoch", String(epoch, radix: 16)), ("sequence", "\(sequence)"),
            ("time", "\(time)"), ("source", source),
        ]
    }
}

/// What of a message's own MQTT 5 properties goes on to consumers.
package struct EventProperties: Sendable {
    fileprivate var user: [(String, String)] = []
    fileprivate var contentType: String?

    /// - Parameter bytes: encoded properties without their length; what cannot be read is left out.
    package init(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        var list: [UInt8] = []
        var length = bytes.count
        repeat {
            list.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        list.append(contentsOf: bytes)
        var offset = 0
        let properties = try? Properties.decode(
            list.span.bytes,
            at: &offset,
            packetEnd: list.count,
            context: .publishFromServer
        )
        user = properties?.userProperties.map { ($0.name, $0.value) } ?? []
        contentType = properties?.contentType
    }
}

extension MosquittoConnection {
    /// Publishes with QoS 1.
    ///
    /// - Returns: the message's number, or `nil` without a connection.
    package func publish(
        _ topic: String,
        _ payload: UnsafeRawBufferPointer,
        retain: Bool,
        _ properties: EventProperties?,
        from origin: EventOrigin
    ) -> Int32? {
        publish(
            topic,
            payload,
            qos: 1,
            retain: retain,
            properties: (properties?.user ?? []) + origin.userProperties,
            contentType: properties?.contentType
        )
    }
}
