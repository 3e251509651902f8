/// `google.rpc.Status`, as gRPC clients look for it in the metadata "grpc-status-details-bin": a message and details of
/// `google.rpc.ErrorInfo`, `BadRequest` and `RetryInfo`, whose field numbers are theirs.
struct StatusDetails {
    private var bytes: [UInt8] = []

    static let key = "grpc-status-details-bin"

    init(_ refusal: CallRefusal) {
        var status = Fields()
        status.number(1, UInt64(refusal.code.rawValue))
        status.text(2, refusal.text)
        var info = Fields()
        info.text(1, refusal.reason.rawValue)
        info.text(2, "weir")
        for (name, value) in refusal.metadata.sorted(by: { $0.key < $1.key }) {
            var entry = Fields()
            entry.text(1, name)
            entry.text(2, value)
            info.bytes(3, entry.encoded)
        }
        status.bytes(3, Self.any("ErrorInfo", info))
        if let field = refusal.field {
            var violation = Fields()
            violation.text(1, field)
            violation.text(2, refusal.text)
            var request = Fields()
            request.bytes(1, violation.encoded)
            status.bytes(3, Self.any("BadRequest", request))
        }
        if let delay = refusal.retryAfter {
            let nanoseconds = UInt64(max(0, delay / .nanoseconds(1)))
            var duration = Fields()
            duration.number(1, nanoseconds / 1_000_000_000)
            duration.number(2, nanoseconds % 1_000_000_000)
            var retry = Fields()
            retry.bytes(1, duration.encoded)
            status.bytes(3, Self.any("RetryInfo", retry))
        }
        bytes = status.encoded
    }

    var encoded: [UInt8] { bytes }

    private static func any(_ name: String, _ message: Fields) -> [UInt8] {
        var any = Fields()
        any.text(1, "type.googleapis.com/google.rpc.\(name)")
        any.bytes(2, message.encoded)
        return any.encoded
    }

    private struct Fields {
        private(set) var encoded: [UInt8] = []

        mutating func number(_ field: UInt64, _ value: UInt64) {
            guard value != 0 else { return }
            varint(field << 3)
            varint(value)
        }

        mutating func text(_ field: UInt64, _ value: String) {
            guard !value.isEmpty else { return }
            bytes(field, Array(value.utf8))
        }

        mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
            varint(field << 3 | 2)
            varint(UInt64(value.count))
            encoded += value
        }

        private mutating func varint(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                encoded.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            encoded.append(UInt8(rest))
        }
    }
}
