/// Records of a CSV file, RFC 4180: commas, quotes, doubled quotes, either line end.
///
/// It reads a piece at a time and keeps only the record in progress. A quote that nobody closes does not
/// swallow the rest of the file: after `recordBytesMax` the line that opened it is given up, named, and
/// reading goes on with the next.
package struct CSVReader: Sendable {
    package struct Record: Sendable, Equatable {
        /// The line that it begins on, from 1.
        package var line: Int
        package var fields: [String]

        package init(line: Int, fields: [String]) {
            self.line = line
            self.fields = fields
        }
    }

    /// What the next bytes are.
    package enum Event: Sendable, Equatable {
        case record(Record)
        /// A line that is no record; it was skipped.
        case malformed(line: Int, reason: String)
        case end
    }

    /// Bytes of a record, quotes and all, 64…1,048,576.
    package static let recordBytesMax = 64 * 1024
    private static let pieceBytes = 64 * 1024

    private var source: any ByteSource
    private var buffer: [UInt8] = []
    /// The first byte not yet consumed.
    private var offset = 0
    private var line = 1
    private var isAtEnd = false
    private var isAtStart = true
    /// The rest of a line that was given up is still to come.
    private var isSkipping = false

    package init(_ source: any ByteSource) {
        self.source = source
    }

    /// The next record, empty lines left out.
    package mutating func next() throws(InputError) -> Event {
        while true {
            if isAtStart { try skipByteOrderMark() }
            switch try scan() {
            case .none: return .end
            case .some(.record(let record)) where record.fields == [""]: continue
            case .some(let event): return event
            }
        }
    }

    /// Begins anew with the first line.
    package mutating func rewind() throws(InputError) {
        try source.rewind()
        buffer.removeAll(keepingCapacity: true)
        offset = 0
        line = 1
        isAtEnd = false
        isAtStart = true
        isSkipping = false
    }

    private mutating func skipByteOrderMark() throws(InputError) {
        while buffer.count < 3, !isAtEnd { try fill() }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        isAtStart = false
    }

    /// Gets more bytes behind what is kept.
    private mutating func fill() throws(InputError) {
        if offset > 0 {
            buffer.removeFirst(offset)
            offset = 0
        }
        let piece = try source.read(atMost: Self.pieceBytes)
        if piece.isEmpty { isAtEnd = true } else { buffer += piece }
    }

    /// One record from `offset` on; `nil` at the end.
    private mutating func scan() throws(InputError) -> Event? {
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var wasQuoted = false
        var lines = 0
        while isSkipping { try skipLine() }
        var at = offset
        while true {
            if at - offset > Self.recordBytesMax {
                return giveUp(
                    "a record longer than \(Self.recordBytesMax) bytes"
                        + (isQuoted ? "; a quote is not closed" : "")
                )
            }
            if at == buffer.count {
                let consumed = at - offset
                if !isAtEnd {
                    try fill()
                    at = consumed
                    continue
                }
                guard at > offset else { return nil }
                if isQuoted { return giveUp("a quote is not closed before the end of the file") }
                fields.append(String(decoding: field, as: UTF8.self))
                return finish(fields, at: at, lines: lines)
            }
            let byte = buffer[at]
            at += 1
            if isQuoted {
                if byte == 0x0A { lines += 1 }
                if byte != 0x22 {
                    field.append(byte)
                } else if at == buffer.count, !isAtEnd {
                    // Whether the next byte is a second quote decides; get it.
                    let consumed = at - offset
                    try fill()
                    at = consumed
                    if at < buffer.count, buffer[at] == 0x22 {
                        field.append(byte)
                        at += 1
                    } else {
                        isQuoted = false
                    }
                } else if at < buffer.count, buffer[at] == 0x22 {
                    field.append(byte)
                    at += 1
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case 0x22 where field.isEmpty && !wasQuoted:
                isQuoted = true
                wasQuoted = true
            case 0x22:
                return giveUp("a quote inside a field")
            case 0x2C:
                fields.append(String(decoding: field, as: UTF8.self))
                field.removeAll(keepingCapacity: true)
                wasQuoted = false
            case 0x0A:
                if field.last == 0x0D, !wasQuoted { field.removeLast() }
                fields.append(String(decoding: field, as: UTF8.self))
                return finish(fields, at: at, lines: lines + 1)
            case 0x0D where wasQuoted:
                break
            case _ where wasQuoted:
                return giveUp("text behind a closing quote")
            default:
                field.append(byte)
            }
        }
    }

    private mutating func finish(_ fields: [String], at end: Int, lines: Int) -> Event {
        let record = Record(line: line, fields: fields)
        offset = end
        line += lines
        return .record(record)
    }

    /// Gives up the line that the record begins on.
    private mutating func giveUp(_ reason: String) -> Event {
        isSkipping = true
        return .malformed(line: line, reason: reason)
    }

    /// Skips to the end of the line, as far as it is there.
    private mutating func skipLine() throws(InputError) {
        while offset < buffer.count {
            offset += 1
            if buffer[offset - 1] == 0x0A {
                isSkipping = false
                line += 1
                return
            }
        }
        if isAtEnd { isSkipping = false } else { try fill() }
    }
}
