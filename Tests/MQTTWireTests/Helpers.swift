import MQTTWire
import Testing

/// The body of a packet as a test writes it: numbers, strings and raw bytes one after another.
func bytes(_ parts: any BytePart...) -> [UInt8] { parts.flatMap(\.wireBytes) }

protocol BytePart: Sendable {
    var wireBytes: [UInt8] { get }
}

extension Int: BytePart { var wireBytes: [UInt8] { [UInt8(self)] } }
extension Array: BytePart where Element == UInt8 { var wireBytes: [UInt8] { self } }
/// A UTF-8 Encoded String: its length in two bytes, then its text.
extension String: BytePart {
    var wireBytes: [UInt8] { [UInt8(utf8.count >> 8), UInt8(utf8.count & 0xFF)] + Array(utf8) }
}

/// A whole packet: the first byte, the remaining length, the body.
func framed(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
    var packet = [first]
    VariableByteInteger.append(body.count, to: &packet)
    return packet + body
}

func parseHeader(
    _ bytes: [UInt8],
    at offset: Int = 0,
    maximumPacketSize: Int = 300_000_000,
    version: ProtocolVersion = .v5
) throws(WireError) -> FixedHeader? {
    let span = bytes.span
    return try FixedHeader.parse(
        span.bytes,
        at: offset,
        maximumPacketSize: maximumPacketSize,
        version: version
    )
}

/// Decodes a PUBLISH that begins at `offset`; `nil` while it is incomplete.
func parsePublish(
    _ bytes: [UInt8],
    at offset: Int = 0,
    version: ProtocolVersion = .v5,
    sender: Peer = .client
) throws(WireError) -> PublishView? {
    guard let header = try parseHeader(bytes, at: offset, version: version) else { return nil }
    guard bytes.count - offset >= header.packetLength else { return nil }
    let span = bytes.span
    return try PublishView.decode(
        span.bytes,
        at: offset,
        header: header,
        version: version,
        sender: sender
    )
}

extension [UInt8] {
    /// The text of `range`; tests only.
    func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }
}

/// Whether bits repeat: a failing random test prints its seed, and the seed repeats it.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Decodes a PUBACK, PUBREC, PUBREL or PUBCOMP; `nil` while it is incomplete.
func parseAck(_ bytes: [UInt8], version: ProtocolVersion = .v5) throws(WireError) -> AckView? {
    guard let header = try parseHeader(bytes, version: version) else { return nil }
    guard bytes.count >= header.packetLength else { return nil }
    let span = bytes.span
    return try AckView.decode(span.bytes, at: 0, header: header, version: version)
}

/// `value` as `change` leaves it.
func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
    var value = value
    change(&value)
    return value
}

/// A filter that a test knows to be right; a wrong one fails where it is compared.
func filter(_ text: String) -> TopicFilter {
    do { return try TopicFilter(text) } catch { fatalError("\(text): \(error)") }
}
