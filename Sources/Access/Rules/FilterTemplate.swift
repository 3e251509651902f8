/// Why a text is not a topic filter.
package enum FilterFlaw: String, Error, Sendable {
    case empty = "a topic filter has at least one character"
    case tooLong = "a topic filter has at most 65,535 bytes"
    case null = "a topic filter has no U+0000"
    case misplacedHash = "# stands alone in the last level"
    case misplacedPlus = "+ stands alone in its level"
}

/// A topic filter in which levels may hold the client's names.
struct FilterTemplate: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        case text([UInt8])
        /// `%c`
        case clientID
        /// `%u`
        case username
    }

    enum Level: Sendable, Hashable {
        case literal([UInt8])
        /// A level with at least one of the client's names.
        case template([Piece])
        /// `+`
        case any
        /// `#`; the last level.
        case rest
    }

    let levels: [Level]
    let usesClientID: Bool
    let usesUsername: Bool

    init(_ text: String, substituting: Bool) throws(FilterFlaw) {
        let bytes = Array(text.utf8)
        try Self.check(bytes)
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        levels = parts.map { Self.level($0, substituting: substituting) }
        let pieces = levels.flatMap { level -> [Piece] in
            if case .template(let pieces) = level { pieces } else { [] }
        }
        usesClientID = pieces.contains(.clientID)
        usesUsername = pieces.contains(.username)
    }

    /// `[MQTT-4.7.1-1]` the place of `#`, `[MQTT-4.7.1-2]` the place of `+`, `[MQTT-4.7.3-1]` not
    /// empty, `[MQTT-4.7.3-2]` no U+0000, `[MQTT-4.7.3-3]` at most 65,535 bytes.
    static func check(_ bytes: [UInt8]) throws(FilterFlaw) {
        if bytes.isEmpty { throw .empty }
        if bytes.count > 65_535 { throw .tooLong }
        if bytes.contains(0) { throw .null }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: "#")), part.count > 1 || index < parts.count - 1 {
                throw .misplacedHash
            }
            if part.contains(UInt8(ascii: "+")), part.count > 1 { throw .misplacedPlus }
        }
    }

    private static func level(_ part: ArraySlice<UInt8>, substituting: Bool) -> Level {
        if part.elementsEqual("+".utf8) { return .any }
        if part.elementsEqual("#".utf8) { return .rest }
        guard substituting else { return .literal(Array(part)) }
        var pieces: [Piece] = []
        var text: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            let name: Piece? =
                switch (byte, rest.first) {
                case (UInt8(ascii: "%"), UInt8(ascii: "c")): .clientID
                case (UInt8(ascii: "%"), UInt8(ascii: "u")): .username
                default: nil
                }
            if let name {
                rest.removeFirst()
                if !text.isEmpty { pieces.append(.text(text)) }
                text = []
                pieces.append(name)
            } else {
                text.append(byte)
            }
        }
        if pieces.isEmpty { return .literal(text) }
        if !text.isEmpty { pieces.append(.text(text)) }
        return .template(pieces)
    }
}
