/// Writes the wire format of Protocol Buffers. Fields with their default value are left out, as proto3 asks.
///
/// Batches pass here in the hundreds of thousands of events each second, so their columns are written by hand;
/// the small messages use the same few lines rather than a second way.
struct ProtobufWriter {
    private(set) var output: [UInt8] = []

    mutating func varint(_ field: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        raw(field << 3)
        raw(value)
    }

    mutating func fixed64(_ field: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        raw(field << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    /// Written whatever its value: the checksum of a batch stands at a fixed distance from its end.
    mutating func fixed32(_ field: UInt64, _ value: UInt32) {
        raw(field << 3 | 5)
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    mutating func text(_ field: UInt64, _ value: String) {
        var value = value
        value.withUTF8 { bytes(field, UnsafeRawBufferPointer($0)) }
    }

    mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
        value.withUnsafeBytes { bytes(field, $0) }
    }

    mutating func bytes(_ field: UInt64, _ value: UnsafeRawBufferPointer) {
        guard value.count > 0 else { return }
        raw(field << 3 | 2)
        raw(UInt64(value.count))
        output.append(contentsOf: value)
    }

    /// Written even where it is empty: an element of a repeated field.
    mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        raw(field << 3 | 2)
        raw(UInt64(inner.output.count))
        output.append(contentsOf: inner.output)
    }

    mutating func reserve(_ count: Int) { output.reserveCapacity(count) }

    private mutating func raw(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }
}
