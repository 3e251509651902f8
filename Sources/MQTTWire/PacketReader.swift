/// Reads the fields of a cold packet one after another. Holds offsets only; the bytes are passed in.
struct PacketReader {
    private(set) var offset: Int
    let end: Int

    init(_ body: RawSpan) {
        offset = 0
        end = body.byteCount
    }

    var isAtEnd: Bool { offset == end }

    mutating func byte(_ body: RawSpan) throws(WireError) -> UInt8 {
        body.byte(at: try take(1).lowerBound)
    }

    mutating func uint16(_ body: RawSpan) throws(WireError) -> UInt16 {
        body.uint16(at: try take(2).lowerBound)
    }

    /// A packet identifier, which is never zero: `[MQTT-2.2.1-3]`, in 3.1.1 `[MQTT3-2.3.1-1]`.
    mutating func packetID(_ body: RawSpan) throws(WireError) -> UInt16 {
        let value = try uint16(body)
        guard value != 0 else { throw .packetIdentifierZero }
        return value
    }

    /// Where a UTF-8 Encoded String's text stands; checked.
    mutating func stringRange(_ body: RawSpan) throws(WireError) -> Range<Int> {
        let range = try binaryRange(body)
        guard UTF8Text.isValidString(body, range) else { throw .stringNotUTF8 }
        return range
    }

    mutating func string(_ body: RawSpan) throws(WireError) -> String {
        body.text(try stringRange(body))
    }

    mutating func binary(_ body: RawSpan) throws(WireError) -> [UInt8] {
        body.copy(try binaryRange(body))
    }

    mutating func properties(
        _ body: RawSpan,
        _ context: PropertyContext,
        _ version: ProtocolVersion
    ) throws(WireError) -> Properties {
        guard version == .v5 else { return Properties() }
        // [MQTT-2.2.2-1]: without properties there is a length of zero, not nothing.
        guard !isAtEnd else { throw .bodyTooShort }
        return try Properties.decode(body, at: &offset, packetEnd: end, context: context)
    }

    /// - Throws: ``WireError/bodyTooLong`` unless every byte was read.
    func finish() throws(WireError) {
        guard isAtEnd else { throw .bodyTooLong }
    }

    private mutating func binaryRange(_ body: RawSpan) throws(WireError) -> Range<Int> {
        try take(Int(try uint16(body)))
    }

    private mutating func take(_ count: Int) throws(WireError) -> Range<Int> {
        guard count <= end - offset else { throw .bodyTooShort }
        let range = offset..<offset + count
        offset += count
        return range
    }
}

extension RawSpan {
    /// `range` as text; it must have passed ``UTF8Text/isValidString(_:_:)``, else it is repaired.
    package func text(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
