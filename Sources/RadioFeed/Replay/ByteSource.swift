/// Bytes that are read from front to back: a file, or memory in the tests.
package protocol ByteSource: Sendable {
    /// At most `count` bytes; empty at the end for now (a file that is written to may grow).
    /// - Throws: ``InputError`` when the file fails.
    mutating func read(atMost count: Int) throws(InputError) -> [UInt8]
    /// Goes back to the first byte.
    mutating func rewind() throws(InputError)
}

/// A file or socket that cannot be read.
package struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }
    package var description: String { message }
}

/// Bytes in memory.
package struct MemoryBytes: ByteSource {
    private let bytes: [UInt8]
    private var offset = 0

    package init(_ text: String) { bytes = Array(text.utf8) }
    package init(bytes: [UInt8]) { self.bytes = bytes }

    package mutating func read(atMost count: Int) -> [UInt8] {
        let end = min(bytes.count, offset + max(0, count))
        defer { offset = end }
        return Array(bytes[offset..<end])
    }

    package mutating func rewind() { offset = 0 }
}
