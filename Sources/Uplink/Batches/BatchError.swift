/// Why bytes are not a batch that can be stored.
package enum BatchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The checksum differs: the bytes were changed on their way. Sent again they may be right.
    case corrupt(found: UInt32, expected: UInt32)
    /// The checksum is right, and what it covers is no batch.
    case malformed(String)
    case version(UInt32)
    case tooLarge(size: UInt64, maximum: Int)

    /// Whether the same bytes would be refused again.
    package var isPermanent: Bool {
        if case .corrupt = self { false } else { true }
    }

    package var description: String {
        switch self {
        case .corrupt(let found, let expected):
            "checksum is \(String(found, radix: 16)), expected \(String(expected, radix: 16)); send it again"
        case .malformed(let what): "not a batch: \(what)"
        case .version(let version):
            "schema version \(version), expected \(BatchHeader.schemaVersion); update the collector"
        case .tooLarge(let size, let maximum): "\(size) bytes before compression, expected at most \(maximum)"
        }
    }
}
