package import MQTTWire

extension MessageFormat {
    /// The message as the format lays it out, without an end of line.
    ///
    /// - Throws: ``ClientError/Kind/usage`` when `%J` meets a payload that is not JSON.
    package func render(
        _ message: Publish,
        at time: WallTime,
        isPretty: Bool = false
    ) throws(ClientError) -> [UInt8] {
        var output: [UInt8] = []
        for part in parts {
            switch part {
            case .literal(let bytes): output += bytes
            case .time(let conversion):
                output += conversion == UInt8(ascii: "N") ? time.nanosecondDigits : time.formatted(conversion)
            case .field(let kind, let layout):
                output += layout.laid(
                    try Self.value(kind, message, time, isPretty),
                    isNumber: Self.isNumber(kind)
                )
            }
        }
        return output
    }

    private static func isNumber(_ kind: UInt8) -> Bool { "AEFSXlmx".utf8.contains(kind) }

    private static func value(
        _ kind: UInt8,
        _ message: Publish,
        _ time: WallTime,
        _ isPretty: Bool
    ) throws(ClientError) -> [UInt8] {
        let properties = message.properties
        func text(_ value: (any CustomStringConvertible)?) -> [UInt8] {
            Array((value?.description ?? "").utf8)
        }
        switch UnicodeScalar(kind) {
        case "A": return text(properties.topicAlias)
        case "C": return text(properties.contentType)
        case "D": return properties.correlationData ?? []
        case "E": return text(properties.messageExpiryInterval)
        case "F": return text(properties.payloadFormatIndicator)
        case "I": return time.iso8601
        case "J": return try MessageJSON(message, time, isPretty: isPretty, quotesPayload: false).bytes
        case "P":
            return text(properties.userProperties.map { "\($0.name):\($0.value)" }.joined(separator: " "))
        case "R": return text(properties.responseTopic)
        case "S": return text(properties.subscriptionIdentifiers.map(String.init).joined(separator: " "))
        case "U": return text("\(time.seconds).") + time.nanosecondDigits
        case "X": return hexadecimal(message.payload, "0123456789ABCDEF")
        case "j": return try MessageJSON(message, time, isPretty: isPretty, quotesPayload: true).bytes
        case "l": return text(message.payload.count)
        case "m": return text(message.packetID)
        case "p": return message.payload
        case "q": return text(message.qos.rawValue)
        case "r": return text(message.retain ? 1 : 0)
        case "t": return text(message.topic)
        case "x": return hexadecimal(message.payload, "0123456789abcdef")
        default: return []
        }
    }

    private static func hexadecimal(_ bytes: [UInt8], _ digits: StaticString) -> [UInt8] {
        bytes.flatMap { [digits.utf8Start[Int($0 >> 4)], digits.utf8Start[Int($0 & 15)]] }
    }
}

extension MessageFormat.Layout {
    fileprivate func laid(_ value: [UInt8], isNumber: Bool) -> [UInt8] {
        var value = value
        if let maximumWidth, !isNumber, value.count > maximumWidth {
            value.removeLast(value.count - maximumWidth)
        }
        let missing = minimumWidth - value.count
        guard missing > 0 else { return value }
        if leftAligned { return value + Array(repeating: UInt8(ascii: " "), count: missing) }
        let pad = zeroPadded && isNumber ? UInt8(ascii: "0") : UInt8(ascii: " ")
        return Array(repeating: pad, count: missing) + value
    }
}
