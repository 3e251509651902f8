/// Walks over a packet's properties in place and checks each before it hands it out.
///
/// Everything that MQTT 5.0 demands of a property is checked here and nowhere else: known, allowed
/// where it stands, written in full, single, well-formed and in range. Nothing is allocated.
struct PropertyScanner {
    /// One property; its value (behind the length, where it has one) is `value`.
    struct Found {
        let id: PropertyID
        /// Where the identifier stands.
        let offset: Int
        /// The value's bytes; of a user property the whole pair, both lengths included.
        let value: Range<Int>
        /// The value of an integer property, else 0.
        let integer: UInt32
    }

    private(set) var offset: Int
    let end: Int
    private let context: PropertyContext
    private let allowed: PropertySet
    private var seen: PropertySet = []

    /// Reads the property length at `offset`, which must fit before `packetEnd`.
    init(
        _ bytes: RawSpan,
        at offset: Int,
        packetEnd: Int,
        context: PropertyContext
    ) throws(WireError) {
        var offset = offset
        let length = try VariableByteInteger.read(bytes, at: &offset, end: packetEnd)
        guard length <= packetEnd - offset else { throw .propertyLengthInvalid }
        self.offset = offset
        self.end = offset + length
        self.context = context
        self.allowed = context.allowed
    }

    /// The next property, or `nil` behind the last.
    mutating func next(_ bytes: RawSpan) throws(WireError) -> Found? {
        guard offset < end else { return nil }
        let start = offset
        // Identifiers are variable byte integers; all that exist take one byte.
        guard let id = PropertyID(rawValue: bytes.byte(at: start)) else { throw .propertyUnknown }
        try admit(id)
        offset = start + 1
        let value: Range<Int>
        var integer: UInt32 = 0
        switch id.encoding {
        case .byte:
            value = try take(1)
            integer = UInt32(bytes.byte(at: value.lowerBound))
        case .twoByteInteger:
            value = try take(2)
            integer = UInt32(bytes.uint16(at: value.lowerBound))
        case .fourByteInteger:
            value = try take(4)
            integer = bytes.uint32(at: value.lowerBound)
        case .variableByteInteger:
            let first = offset
            integer = UInt32(try VariableByteInteger.read(bytes, at: &offset, end: end))
            value = first..<offset
        case .string: value = try takeString(bytes)
        case .binary: value = try takeBinary(bytes)
        case .stringPair:
            let name = try takeString(bytes)
            let text = try takeString(bytes)
            value = name.lowerBound - 2..<text.upperBound
        }
        try checkRange(id, integer)
        return Found(id: id, offset: start, value: value, integer: integer)
    }

    private mutating func admit(_ id: PropertyID) throws(WireError) {
        let bit = PropertySet(rawValue: 1 << UInt64(id.rawValue))
        guard allowed.contains(bit) else {
            if context == .publishFromClient, id == .subscriptionIdentifier {
                throw .subscriptionIdentifierFromClient  // [MQTT-3.3.4-6]
            }
            throw .propertyNotAllowed
        }
        if seen.contains(bit) {
            let repeatable =
                id == .userProperty || id == .subscriptionIdentifier && context == .publishFromServer
            guard repeatable else { throw .propertyRepeated }
        }
        seen.formUnion(bit)
    }

    private mutating func take(_ count: Int) throws(WireError) -> Range<Int> {
        guard count <= end - offset else { throw .propertyLengthInvalid }
        let range = offset..<offset + count
        offset += count
        return range
    }

    private mutating func takeBinary(_ bytes: RawSpan) throws(WireError) -> Range<Int> {
        let length = try take(2)
        return try take(Int(bytes.uint16(at: length.lowerBound)))
    }

    private mutating func takeString(_ bytes: RawSpan) throws(WireError) -> Range<Int> {
        let range = try takeBinary(bytes)
        guard UTF8Text.isValidString(bytes, range) else { throw .stringNotUTF8 }
        return range
    }

    private func checkRange(_ id: PropertyID, _ value: UInt32) throws(WireError) {
        switch id {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
            .sharedSubscriptionAvailable:
            guard value <= 1 else { throw .propertyValueInvalid }
        case .receiveMaximum, .maximumPacketSize, .subscriptionIdentifier:
            guard value > 0 else { throw .propertyValueInvalid }
        case .topicAlias:
            guard value > 0 else { throw .topicAliasZero }  // [MQTT-3.3.2-8]
        default: break
        }
    }
}
