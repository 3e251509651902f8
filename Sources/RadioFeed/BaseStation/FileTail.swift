/// The lines of a file that others write to: what is appended, and anew when it is replaced or cut.
package struct FileTail: Sendable {
    private let path: String
    private let lineBytesMax: Int
    private var file: FileBytes?
    private var buffer: [UInt8] = []
    private var consumed: Int64 = 0
    private var line = 0
    private var isSkipping = false

    /// - Parameter fromEnd: Skips what is there already.
    package init(path: String, lineBytesMax: Int = 1024 * 1024, fromEnd: Bool = false) {
        self.path = path
        self.lineBytesMax = lineBytesMax
        if fromEnd, var file = try? FileBytes(path: path), let identity = file.identity {
            _ = try? file.skip(to: identity.size)
            consumed = identity.size
            self.file = file
        }
    }

    package struct Line: Sendable {
        package var number: Int
        /// Without its end; `nil` for one that was too long and is left out.
        package var bytes: [UInt8]?
    }

    /// At most `count` complete lines that are there now.
    ///
    /// - Throws: ``InputError`` when the file cannot be opened or read; the next call tries again.
    package mutating func lines(atMost count: Int) throws(InputError) -> [Line] {
        var lines: [Line] = []
        while lines.count < count {
            if let end = buffer.firstIndex(of: 0x0A) {
                line += 1
                let text = Array(buffer[..<end])
                buffer.removeFirst(end + 1)
                lines.append(Line(number: line, bytes: isSkipping || text.count > lineBytesMax ? nil : text))
                isSkipping = false
                continue
            }
            if buffer.count > lineBytesMax {
                buffer.removeAll()
                isSkipping = true
            }
            guard try fill() else { break }
        }
        return lines
    }

    /// Gets more bytes; `false` when there are none now.
    private mutating func fill() throws(InputError) -> Bool {
        if let identity = file?.identity, let named = FileBytes.identity(path: path) {
            let isReplaced = identity.inode != named.inode || identity.device != named.device
            if identity.size < consumed {
                try file?.rewind()
                restart()
            } else if isReplaced, identity.size == consumed {
                // What the old one still had was read first.
                file = nil
                restart()
            }
        }
        if file == nil {
            file = try FileBytes(path: path)
            restart()
        }
        let piece = try file?.read(atMost: 64 * 1024) ?? []
        consumed += Int64(piece.count)
        buffer += piece
        return !piece.isEmpty
    }

    private mutating func restart() {
        buffer.removeAll()
        consumed = 0
        line = 0
        isSkipping = false
    }
}
