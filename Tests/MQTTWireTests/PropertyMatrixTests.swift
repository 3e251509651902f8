import MQTTWire
import Testing

/// Table 2-4 of MQTT 5.0: which property may stand in which packet.
@Suite struct PropertyMatrixTests {
    /// A packet, or the will in one, that holds properties.
    enum Place: String, CaseIterable, Sendable {
        case connect, will, connAck, publishFromClient, publishFromServer, pubAck, pubRec, pubRel, pubComp
        case subscribe, subAck, unsubscribe, unsubAck, disconnectFromClient, disconnectFromServer, auth

        static let publish: Set<Place> = [.publishFromClient, .publishFromServer]
        static let acks: Set<Place> = [.pubAck, .pubRec, .pubRel, .pubComp, .subAck, .unsubAck]
        static let disconnect: Set<Place> = [.disconnectFromClient, .disconnectFromServer]
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let id: PropertyID
        let value: [UInt8]
        let places: Set<Place>
        var mayRepeat: Set<Place> = []
        var testDescription: String { "\(id)" }
    }

    static let message: Set<Place> = Place.publish.union([.will])
    static let rows: [Row] = [
        Row(id: .payloadFormatIndicator, value: [1], places: message),
        Row(id: .messageExpiryInterval, value: [0, 0, 0, 0], places: message),
        Row(id: .contentType, value: bytes("c"), places: message),
        Row(id: .responseTopic, value: bytes("r/t"), places: message),
        Row(id: .correlationData, value: bytes([0, 2, 0, 1]), places: message),
        Row(
            id: .subscriptionIdentifier,
            value: [0x80, 0x01],
            places: [.publishFromServer, .subscribe],
            mayRepeat: [.publishFromServer]
        ),
        Row(
            id: .sessionExpiryInterval,
            value: [255, 255, 255, 255],
            places: [.connect, .connAck, .disconnectFromClient]
        ),
        Row(id: .assignedClientIdentifier, value: bytes("c"), places: [.connAck]),
        Row(id: .serverKeepAlive, value: [0, 0], places: [.connAck]),
        Row(id: .authenticationMethod, value: bytes("m"), places: [.connect, .connAck, .auth]),
        Row(id: .authenticationData, value: [0, 1, 0], places: [.connect, .connAck, .auth]),
        Row(id: .requestProblemInformation, value: [0], places: [.connect]),
        Row(id: .willDelayInterval, value: [0, 0, 0, 1], places: [.will]),
        Row(id: .requestResponseInformation, value: [1], places: [.connect]),
        Row(id: .responseInformation, value: bytes("r"), places: [.connAck]),
        Row(id: .serverReference, value: bytes("s"), places: [.connAck, .disconnectFromServer]),
        Row(
            id: .reasonString,
            value: bytes("r"),
            places: Place.acks.union(Place.disconnect).union([.connAck, .auth])
        ),
        Row(id: .receiveMaximum, value: [0, 1], places: [.connect, .connAck]),
        Row(id: .topicAliasMaximum, value: [0, 0], places: [.connect, .connAck]),
        Row(id: .topicAlias, value: [0, 1], places: Place.publish),
        Row(id: .maximumQoS, value: [1], places: [.connAck]),
        Row(id: .retainAvailable, value: [0], places: [.connAck]),
        Row(
            id: .userProperty,
            value: bytes("k", "v"),
            places: Set(Place.allCases),
            mayRepeat: Set(Place.allCases)
        ),
        Row(id: .maximumPacketSize, value: [0, 0, 0, 1], places: [.connect, .connAck]),
        Row(id: .wildcardSubscriptionAvailable, value: [1], places: [.connAck]),
        Row(id: .subscriptionIdentifierAvailable, value: [1], places: [.connAck]),
        Row(id: .sharedSubscriptionAvailable, value: [1], places: [.connAck]),
    ]

    @Test func `every property has a row`() {
        #expect(Set(Self.rows.map(\.id)) == Set(PropertyID.allCases))
        #expect(Self.rows.count == PropertyID.allCases.count)
    }

    @Test(arguments: rows, Place.allCases)
    func `stands where the table has it and nowhere else`(_ row: Row, _ place: Place) throws {
        let property = [row.id.rawValue] + row.value
        if row.places.contains(place) {
            let packet = try #require(try decode(place, property, row.id))
            // What was read is written as it stood.
            var encoded: [UInt8] = []
            try packet.encode(into: &encoded, version: .v5)
            #expect(encoded == wire(place, property, row.id))
        } else {
            let error: WireError =
                row.id == .subscriptionIdentifier && place == .publishFromClient
                ? .subscriptionIdentifierFromClient : .propertyNotAllowed
            #expect(throws: error) { try decode(place, property, row.id) }
        }
    }

    @Test(arguments: rows, Place.allCases)
    func `stands once, unless it may repeat`(_ row: Row, _ place: Place) throws {
        guard row.places.contains(place) else { return }
        let twice = [row.id.rawValue] + row.value + [row.id.rawValue] + row.value
        if row.mayRepeat.contains(place) {
            #expect(try decode(place, twice, row.id) != nil)
        } else {
            #expect(throws: WireError.propertyRepeated) { try decode(place, twice, row.id) }
        }
    }

    @Test(arguments: rows, Place.allCases)
    func `is malformed when its value is cut`(_ row: Row, _ place: Place) throws {
        guard row.places.contains(place) else { return }
        for count in 0..<row.value.count {
            let cut = [row.id.rawValue] + row.value[..<count]
            #expect(throws: (any Error).self) { try decode(place, cut, row.id) }
        }
    }

    private func decode(_ place: Place, _ property: [UInt8], _ id: PropertyID) throws(WireError) -> Packet? {
        let wire = wire(place, property, id)
        let span = wire.span
        let sender: Peer
        switch place {
        case .connAck, .publishFromServer, .subAck, .unsubAck, .disconnectFromServer: sender = .server
        default: sender = .client
        }
        var offset = 0
        return try Packet.decode(span.bytes, at: &offset, version: .v5, sender: sender)
    }

    /// The shortest packet of its kind that is right but for `property`.
    private func wire(_ place: Place, _ property: [UInt8], _ id: PropertyID) -> [UInt8] {
        // Authentication data is right beside a method only; AUTH always needs one.
        let needsMethod = id == .authenticationData || place == .auth && id != .authenticationMethod
        let hasMethod: Set<Place> = [.connect, .connAck, .auth]
        let method = needsMethod && hasMethod.contains(place) ? bytes(0x15, "m") : []
        let properties = [UInt8(method.count + property.count)] + method + property
        switch place {
        case .connect: return framed(0x10, bytes("MQTT", 5, 2, [0, 0], properties, "c"))
        case .will: return framed(0x10, bytes("MQTT", 5, 6, [0, 0], 0, "c", properties, "w", ""))
        case .connAck: return framed(0x20, bytes([0, 0], properties))
        case .publishFromClient, .publishFromServer: return framed(0x30, bytes("t", properties))
        case .pubAck: return framed(0x40, bytes([0, 1, 0], properties))
        case .pubRec: return framed(0x50, bytes([0, 1, 0], properties))
        case .pubRel: return framed(0x62, bytes([0, 1, 0], properties))
        case .pubComp: return framed(0x70, bytes([0, 1, 0], properties))
        case .subscribe: return framed(0x82, bytes([0, 1], properties, "f", 0))
        case .subAck: return framed(0x90, bytes([0, 1], properties, 0))
        case .unsubscribe: return framed(0xA2, bytes([0, 1], properties, "f"))
        case .unsubAck: return framed(0xB0, bytes([0, 1], properties, 0))
        case .disconnectFromClient, .disconnectFromServer: return framed(0xE0, bytes(0, properties))
        case .auth: return framed(0xF0, bytes(0x18, properties))
        }
    }
}
