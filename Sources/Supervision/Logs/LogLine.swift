import Logging

import Glibc

/// Lays out one line. Whatever a client sent (a client identifier, a topic) is escaped, so that it can
/// neither begin a line of its own nor move a terminal's cursor.
enum LogLine {
    /// Nanoseconds since 1970 UTC.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func make(
        _ format: LogSettings.Format,
        time: Int64,
        level: Logger.Level,
        message: String,
        metadata: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(160)
        switch format {
        case .text:
            timestamp(time, into: &out)
            out += " \(level.rawValue) ".utf8
            appendEscaped(message, quote: nil, into: &out)
            for (key, value) in metadata {
                out.append(UInt8(ascii: " "))
                appendEscaped(key, quote: nil, into: &out)
                out.append(UInt8(ascii: "="))
                let text = plain(value)
                let needsQuotes =
                    text.isEmpty || text.utf8.contains { $0 == 0x20 || $0 == 0x22 || $0 == 0x3D }
                appendEscaped(text, quote: needsQuotes ? UInt8(ascii: "\"") : nil, into: &out)
            }
        case .json:
            out += "{\"time\":\"".utf8
            timestamp(time, into: &out)
            out += "\",\"level\":\"\(level.rawValue)\",\"message\":".utf8
            appendEscaped(message, quote: UInt8(ascii: "\""), into: &out)
            for (key, value) in metadata {
                out.append(UInt8(ascii: ","))
                appendEscaped(key, quote: UInt8(ascii: "\""), into: &out)
                out.append(UInt8(ascii: ":"))
                appendJSON(value, into: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "\n"))
        return out
    }

    private static func plain(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let convertible): convertible.description
        case .array(let elements): "[" + elements.map(plain).joined(separator: ",") + "]"
        case .dictionary(let entries):
            "{"
                + entries.sorted { $0.key < $1.key }.map { "\($0.key):\(plain($0.value))" }.joined(
                    separator: ","
                ) + "}"
        }
    }

    private static func appendJSON(_ value: Logger.MetadataValue, into out: inout [UInt8]) {
        switch value {
        case .string(let text):
            appendEscaped(text, quote: UInt8(ascii: "\""), into: &out)
        case .stringConvertible(let convertible):
            switch convertible {
            case is Int, is Int64, is UInt64, is UInt32, is Int32, is UInt16, is UInt8, is UInt, is Bool:
                out += convertible.description.utf8
            default:
                appendEscaped(convertible.description, quote: UInt8(ascii: "\""), into: &out)
            }
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                appendJSON(element, into: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .dictionary(let entries):
            out.append(UInt8(ascii: "{"))
            for (index, entry) in entries.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                appendEscaped(entry.key, quote: UInt8(ascii: "\""), into: &out)
                out.append(UInt8(ascii: ":"))
                appendJSON(entry.value, into: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// Escapes as JSON does; C1 control characters too, because terminals obey them.
    private static func appendEscaped(_ text: String, quote: UInt8?, into out: inout [UInt8]) {
        if let quote { out.append(quote) }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22 where quote != nil: out += "\\\"".utf8
            case 0x5C where quote != nil: out += "\\\\".utf8
            case 0x0A: out += "\\n".utf8
            case 0x0D: out += "\\r".utf8
            case 0x09: out += "\\t".utf8
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069:
                let hex = String(scalar.value, radix: 16)
                out += "\\u".utf8
                out += String(repeating: "0", count: 4 - hex.count).utf8
                out += hex.utf8
            default:
                out += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        if let quote { out.append(quote) }
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-21T09:30:12.345Z`.
    static func timestamp(_ nanoseconds: Int64, into out: inout [UInt8]) {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        append(Int(parts.tm_year) + 1_900, digits: 4, into: &out)
        out.append(UInt8(ascii: "-"))
        append(Int(parts.tm_mon) + 1, digits: 2, into: &out)
        out.append(UInt8(ascii: "-"))
        append(Int(parts.tm_mday), digits: 2, into: &out)
        out.append(UInt8(ascii: "T"))
        append(Int(parts.tm_hour), digits: 2, into: &out)
        out.append(UInt8(ascii: ":"))
        append(Int(parts.tm_min), digits: 2, into: &out)
        out.append(UInt8(ascii: ":"))
        append(Int(parts.tm_sec), digits: 2, into: &out)
        out.append(UInt8(ascii: "."))
        append(Int(nanoseconds % 1_000_000_000 / 1_000_000), digits: 3, into: &out)
        out.append(UInt8(ascii: "Z"))
    }

    private static func append(_ number: Int, digits: Int, into out: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
