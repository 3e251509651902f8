import Glibc

/// Small files that an operator writes, read whole.
enum TextFile {
    /// Larger files are refused: a million users fit, a wrong path to a disk image does not.
    static let sizeMaxBytes = 256 << 20

    static func bytes(_ path: String, expected: String) throws(AccessSettingsError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, expected) }
        defer { close(descriptor) }
        var result: [UInt8] = []
        while true {
            var count = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, initialized in
                repeat {
                    count = read(descriptor, buffer.baseAddress, buffer.count)
                } while count < 0 && errno == EINTR
                initialized = max(0, count)
            }
            if count < 0 { throw failure(path, expected) }
            if count == 0 { return result }
            result += chunk
            if result.count > sizeMaxBytes {
                throw AccessSettingsError(
                    path,
                    found: "more than \(sizeMaxBytes >> 20) MiB",
                    expected: expected
                )
            }
        }
    }

    /// The file's bytes without one line end after them, which an editor or echo leaves behind.
    static func secret(_ path: String, expected: String) throws(AccessSettingsError) -> [UInt8] {
        var secret = try bytes(path, expected: expected)
        if secret.last == UInt8(ascii: "\n") { secret.removeLast() }
        if secret.last == UInt8(ascii: "\r") { secret.removeLast() }
        return secret
    }

    /// The file's lines with their numbers from 1, without line ends (LF or CRLF).
    static func lines(
        _ path: String,
        expected: String
    ) throws(AccessSettingsError) -> [(number: Int, text: String)] {
        try lines(of: bytes(path, expected: expected), path)
    }

    static func lines(
        of bytes: [UInt8],
        _ path: String
    ) throws(AccessSettingsError) -> [(number: Int, text: String)] {
        var result: [(number: Int, text: String)] = []
        var rest = bytes[...]
        // A byte order mark, which some editors write, is no text.
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        for (index, part) in parts.enumerated() {
            let line = part.last == UInt8(ascii: "\r") ? part.dropLast() : part
            guard let text = String(validating: line, as: UTF8.self) else {
                throw AccessSettingsError(
                    path,
                    line: index + 1,
                    found: "bytes that are not UTF-8",
                    expected: "UTF-8 text"
                )
            }
            result.append((index + 1, text))
        }
        return result
    }

    /// `text` without ASCII white space around it; bytes, not characters, as other readers of such files do.
    static func trimmed(_ text: Substring) -> Substring {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        var bytes = text.utf8
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        return Substring(bytes)
    }

    private static func failure(_ path: String, _ expected: String) -> AccessSettingsError {
        let cause = String(cString: strerror(errno))
        return AccessSettingsError(path, found: "a file that cannot be read (\(cause))", expected: expected)
    }
}
