/// A topic filter as a client sent it, checked: MQTT 5.0 section 4.7 and, for `$share/…`, 4.8.2.
///
/// Filters are the same when their bytes are the same `[MQTT-4.7.3-4]`. That is why this holds bytes:
/// Swift's strings would take "é" in one and in two code points for the same.
package struct TopicFilter: Hashable, Sendable {
    /// The whole text, `$share/{name}/` included.
    package let utf8: [UInt8]
    /// Levels of the filter proper, at least 1.
    package let levelCount: Int
    /// Whether '+' or '#' is in the filter proper.
    package let hasWildcard: Bool
    /// Where the filter proper begins in ``utf8``; 0 unless the subscription is shared.
    private let start: Int

    /// The most levels that a text of 65,535 bytes can have.
    package static let levelCountLimit = 65_536

    /// What topic names are compared with; without `$share/{name}/`.
    package var filter: ArraySlice<UInt8> { utf8[start...] }

    /// The share name of a shared subscription, else `nil`.
    package var shareName: ArraySlice<UInt8>? {
        start == 0 ? nil : utf8[Self.sharePrefix.count..<start - 1]
    }

    package var isShared: Bool { start != 0 }

    /// The whole text, for people and logs. Compare filters, not texts.
    package var text: String { String(decoding: utf8, as: UTF8.self) }

    static let sharePrefix = Array("$share/".utf8)
}

extension TopicFilter {
    /// Reads `range` of `bytes`.
    ///
    /// - Parameter maximumLevels: Of the filter proper.
    /// - Throws: ``WireError/topicFilterEmpty`` `[MQTT-4.7.3-1]`, ``WireError/stringNotUTF8``
    ///   `[MQTT-3.8.3-1]` `[MQTT-4.7.3-2]`, ``WireError/shareNameInvalid`` `[MQTT-4.8.2-1]`
    ///   `[MQTT-4.8.2-2]`, ``WireError/topicFilterWildcard`` `[MQTT-4.7.1-1]` `[MQTT-4.7.1-2]`,
    ///   ``WireError/topicFilterTooManyLevels``, ``WireError/topicTooLong`` `[MQTT-4.7.3-3]`.
    package static func parse(
        _ bytes: RawSpan,
        _ range: Range<Int>,
        maximumLevels: Int = levelCountLimit
    ) throws(WireError) -> TopicFilter {
        guard range.count <= Int(UInt16.max) else { throw .topicTooLong }
        guard !range.isEmpty else { throw .topicFilterEmpty }
        guard UTF8Text.isValidString(bytes, range) else { throw .stringNotUTF8 }
        let start = try startOfFilter(bytes, range)
        var levelCount = 1
        var hasWildcard = false
        for offset in start..<range.upperBound {
            switch bytes.byte(at: offset) {
            case UInt8(ascii: "/"):
                levelCount += 1
                guard levelCount <= maximumLevels else { throw .topicFilterTooManyLevels }
            case UInt8(ascii: "+"):
                // [MQTT-4.7.1-2]: a level of its own.
                guard offset == start || bytes.byte(at: offset - 1) == UInt8(ascii: "/"),
                    offset == range.upperBound - 1 || bytes.byte(at: offset + 1) == UInt8(ascii: "/")
                else { throw .topicFilterWildcard }
                hasWildcard = true
            case UInt8(ascii: "#"):
                // [MQTT-4.7.1-1]: a level of its own, and the last.
                guard offset == start || bytes.byte(at: offset - 1) == UInt8(ascii: "/"),
                    offset == range.upperBound - 1
                else { throw .topicFilterWildcard }
                hasWildcard = true
            default: break
            }
        }
        return TopicFilter(
            utf8: bytes.copy(range),
            levelCount: levelCount,
            hasWildcard: hasWildcard,
            start: start - range.lowerBound
        )
    }

    package init(_ text: String, maximumLevels: Int = levelCountLimit) throws(WireError) {
        let utf8 = Array(text.utf8)
        let span = utf8.span
        self = try Self.parse(span.bytes, 0..<utf8.count, maximumLevels: maximumLevels)
    }

    /// Where the filter proper begins: behind `$share/{name}/` where there is one.
    private static func startOfFilter(_ bytes: RawSpan, _ range: Range<Int>) throws(WireError) -> Int {
        guard range.count >= sharePrefix.count else { return range.lowerBound }
        for (index, expected) in sharePrefix.enumerated()
        where bytes.byte(at: range.lowerBound + index) != expected { return range.lowerBound }
        let nameStart = range.lowerBound + sharePrefix.count
        var offset = nameStart
        while offset < range.upperBound {
            let byte = bytes.byte(at: offset)
            if byte == UInt8(ascii: "/") { break }
            // [MQTT-4.8.2-2]
            guard byte != UInt8(ascii: "+"), byte != UInt8(ascii: "#") else { throw .shareNameInvalid }
            offset += 1
        }
        // [MQTT-4.8.2-1]: a name of at least one character; [MQTT-4.8.2-2]: then '/' and a filter.
        guard offset > nameStart, offset < range.upperBound - 1 else { throw .shareNameInvalid }
        return offset + 1
    }
}

extension TopicFilter: CustomStringConvertible {
    package var description: String { text }
}
