/// Finds one number in a protobuf payload by field numbers, without its schema.
///
/// A varint is read as int64, 64 bits as double, 32 bits as float; what the schema calls sint or sfixed comes out
/// wrong, since the bytes do not say so.
enum ProtobufNumber {
    /// - Parameter path: field numbers, outermost first; at least one.
    /// - Returns: the last occurrence, as protobuf reads it; `nil` where the payload is no such message.
    static func find(_ path: ArraySlice<UInt64>, in payload: UnsafeRawBufferPointer) -> Double? {
        guard let wanted = path.first else { return nil }
        let rest = path.dropFirst()
        var reader = ProtobufReader(payload)
        var found: Double?
        do {
            while let (field, value) = try reader.next() {
                guard field == wanted else { continue }
                switch value {
                case .varint(let bits) where rest.isEmpty: found = Double(Int64(bitPattern: bits))
                case .fixed64(let bits) where rest.isEmpty: found = Double(bitPattern: bits)
                case .fixed32(let bits) where rest.isEmpty: found = Double(Float(bitPattern: bits))
                case .bytes(let message) where !rest.isEmpty: found = find(rest, in: message)
                default: return nil
                }
            }
        } catch {
            return nil
        }
        return found?.isFinite == true ? found : nil
    }
}
