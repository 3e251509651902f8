import MQTTWire
import Testing

@Suite struct PublishViewTests {
    @Test(arguments: [ProtocolVersion.v3_1, .v3_1_1])
    func `a QoS 0 message has a topic and a payload`(_ version: ProtocolVersion) throws {
        let wire = framed(0x31, bytes("a/b", [1, 2, 3]))
        let view = try #require(try parsePublish(wire, version: version))
        #expect(wire.text(view.topic) == "a/b")
        #expect(Array(wire[view.payload]) == [1, 2, 3])
        #expect(view.qos == .atMostOnce)
        #expect(view.retain)
        #expect(!view.isDuplicate)
        #expect(view.packetID == 0)
        #expect(view.properties.isEmpty)
    }

    @Test func `a message is read where it stands`() throws {
        let wire = [9, 9, 9] + framed(0x3C, bytes("sensor/1/temperature", [0x12, 0x34], 0, [7]))
        let view = try #require(try parsePublish(wire, at: 3))
        #expect(wire.text(view.topic) == "sensor/1/temperature")
        #expect(Array(wire[view.payload]) == [7])
        #expect(view.qos == .exactlyOnce)
        #expect(view.isDuplicate)
        #expect(view.packetID == 0x1234)
    }

    @Test func `every property is found`() throws {
        let properties = bytes(
            0x01,
            1,
            0x02,
            [0, 0, 0, 60],
            0x03,
            "text/plain",
            0x23,
            [0, 5],
            0x08,
            "re/ply",
            0x09,
            [0, 2, 8, 9],
            0x26,
            "k",
            "v"
        )
        let wire = framed(0x32, bytes("t", [0, 1], properties.count, properties, [42]))
        let view = try #require(try parsePublish(wire))
        #expect(view.payloadFormatIndicator == 1)
        #expect(view.messageExpiryInterval == 60)
        let expiry = try #require(view.messageExpiryOffset)
        #expect(Array(wire[expiry..<expiry + 4]) == [0, 0, 0, 60])
        #expect(view.topicAlias == 5)
        #expect(wire.text(try #require(view.contentType)) == "text/plain")
        #expect(wire.text(try #require(view.responseTopic)) == "re/ply")
        #expect(Array(wire[try #require(view.correlationData)]) == [8, 9])
        #expect(view.hasUserProperties)
        #expect(Array(wire[view.properties]) == properties)
        #expect(Array(wire[view.payload]) == [42])
    }

    /// `[MQTT-3.3.2-17]`, `[MQTT-3.3.2-18]`: the rest goes out as it came in, the alias does not.
    @Test(arguments: [0, 1, 2])
    func `all properties but the alias are forwardable`(_ place: Int) throws {
        let alias = bytes(0x23, [0, 5])
        var parts = [bytes(0x26, "a", "1"), bytes(0x26, "a", "0")]
        let kept = parts.flatMap { $0 }
        parts.insert(alias, at: place)
        let properties = parts.flatMap { $0 }
        let wire = framed(0x30, bytes("", properties.count, properties, [1]))
        let view = try #require(try parsePublish(wire))
        let (before, after) = view.forwardableProperties
        #expect(Array(wire[before]) + Array(wire[after]) == kept)
        #expect(view.forwardablePropertiesLength == kept.count)
        #expect(view.topic.isEmpty)
    }

    @Test func `without an alias all properties are one range`() throws {
        let properties = bytes(0x26, "a", "1", 0x01, 0)
        let wire = framed(0x30, bytes("t", properties.count, properties, [1]))
        let view = try #require(try parsePublish(wire))
        #expect(Array(wire[view.forwardableProperties.0]) == properties)
        #expect(view.forwardableProperties.1.isEmpty)
        #expect(view.forwardablePropertiesLength == properties.count)
    }

    @Test func `a server may send subscription identifiers, and several`() throws {
        let properties = bytes(0x0B, 1, 0x0B, [0x80, 0x01])
        let wire = framed(0x30, bytes("t", properties.count, properties))
        #expect(try parsePublish(wire, sender: .server) != nil)
        // [MQTT-3.3.4-6]
        #expect(throws: WireError.subscriptionIdentifierFromClient) { try parsePublish(wire) }
    }

    @Test func `a payload that declares itself UTF-8 is checked on demand`() throws {
        for (payload, format, isValid) in [
            ([0x61, 0x00, 0xC3, 0xA9], 1, true), ([0xC3], 1, false), ([0xC3], 0, true),
        ] as [([UInt8], Int, Bool)] {
            let wire = framed(0x30, bytes("t", 2, 0x01, format, payload))
            let view = try #require(try parsePublish(wire))
            let span = wire.span
            do throws(WireError) {
                try view.validatePayloadFormat(span.bytes)
                #expect(isValid)
            } catch {
                #expect(!isValid)
                #expect(error.reasonCode == .payloadFormatInvalid)
            }
        }
    }

    @Test func `fewer bytes than the packet has are not an error`() throws {
        let properties = bytes(0x01, 1, 0x26, "k", "v")
        let wire = framed(0x32, bytes("a/b", [0, 1], properties.count, properties, [1, 2, 3]))
        for count in 0..<wire.count { #expect(try parsePublish(Array(wire[..<count])) == nil) }
    }
}
