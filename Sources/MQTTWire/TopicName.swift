/// Topic names: what a PUBLISH, a will or a response topic may be addressed to, MQTT 5.0 section 4.7.
@usableFromInline
package enum TopicName {
    /// Checks `range` of `bytes`, which must not be empty, in place.
    ///
    /// - Throws: ``WireError/topicNameEmpty`` `[MQTT-4.7.3-1]`, ``WireError/topicNameWildcard``
    ///   `[MQTT-3.3.2-2]` `[MQTT-4.7.0-1]`, ``WireError/stringNotUTF8`` `[MQTT-3.3.2-1]` `[MQTT-4.7.3-2]`.
    ///   The length limit `[MQTT-4.7.3-3]` is that of the two-byte length in front of it.
    @inlinable
    @inline(__always)
    package static func validate(_ bytes: RawSpan, _ range: Range<Int>) throws(WireError) {
        let count = range.count
        if count >= 8 {
            var offset = range.lowerBound
            let last = range.upperBound - 8
            while offset < last {
                if !UTF8Text.isPlainTopic(bytes.word(at: offset)) { return try validateExactly(bytes, range) }
                offset += 8
            }
            if UTF8Text.isPlainTopic(bytes.word(at: last)) { return }
        } else if count == 0 {
            throw .topicNameEmpty
        } else if UTF8Text.isPlainTopic(UTF8Text.shortWord(bytes, at: range.lowerBound, count: count)) {
            return
        }
        try validateExactly(bytes, range)
    }

    @usableFromInline @inline(never)
    static func validateExactly(_ bytes: RawSpan, _ range: Range<Int>) throws(WireError) {
        guard UTF8Text.isWellFormed(bytes, range, allowNull: false) else { throw .stringNotUTF8 }
        for offset in range {
            let byte = bytes.byte(at: offset)
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") { throw .topicNameWildcard }
        }
    }

    /// Checks a topic that comes from our own configuration or a local caller.
    package static func validate(_ topic: String) throws(WireError) {
        let utf8 = Array(topic.utf8)
        guard utf8.count <= Int(UInt16.max) else { throw .topicTooLong }
        let span = utf8.span
        try validate(span.bytes, 0..<utf8.count)
    }

    /// Levels of `range` of `bytes`: one more than it has slashes.
    package static func levelCount(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
        var levels = 1
        for offset in range where bytes.byte(at: offset) == UInt8(ascii: "/") { levels += 1 }
        return levels
    }
}
