import MQTTWire

/// A message as one JSON object, with the members that mosquitto_sub gives it.
struct MessageJSON {
    private(set) var bytes: [UInt8] = []
    private let isPretty: Bool
    private var depth = 0
    private var isFirst = true

    /// - Parameter quotesPayload: `false` puts the payload in as it is; it must be JSON then.
    init(
        _ message: Publish,
        _ time: WallTime,
        isPretty: Bool,
        quotesPayload: Bool
    ) throws(ClientError) {
        self.isPretty = isPretty
        open()
        member("tst", quoted: time.iso8601WithMicroseconds)
        member("topic", quoted: Array(message.topic.utf8))
        member("qos", number: Int(message.qos.rawValue))
        member("retain", number: message.retain ? 1 : 0)
        member("payloadlen", number: message.payload.count)
        if message.qos != .atMostOnce { member("mid", number: Int(message.packetID)) }
        if !message.properties.isEmpty {
            name("properties")
            properties(message.properties)
        }
        if quotesPayload {
            member("payload", quoted: message.payload)
        } else {
            guard JSONCheck.isValid(message.payload) else {
                throw ClientError(.usage, "Message payload is not valid JSON on topic \(message.topic).")
            }
            name("payload")
            bytes += message.payload
        }
        close()
    }

    private mutating func properties(_ properties: Properties) {
        open()
        if let value = properties.topicAlias { member("topic-alias", number: Int(value)) }
        for value in properties.subscriptionIdentifiers {
            member("subscription-identifier", number: Int(value))
        }
        if !properties.userProperties.isEmpty {
            name("user-properties")
            open()
            for property in properties.userProperties {
                member(property.name, quoted: Array(property.value.utf8))
            }
            close()
        }
        if let value = properties.contentType { member("content-type", quoted: Array(value.utf8)) }
        if let value = properties.payloadFormatIndicator {
            member("payload-format-indicator", number: Int(value))
        }
        if let value = properties.correlationData { member("correlation-data", quoted: value) }
        if let value = properties.responseTopic { member("response-topic", quoted: Array(value.utf8)) }
        if let value = properties.messageExpiryInterval {
            member("message-expiry-interval", number: Int(value))
        }
        close()
    }

    private mutating func open() {
        bytes.append(UInt8(ascii: "{"))
        depth += 1
        isFirst = true
    }

    private mutating func close() {
        depth -= 1
        if isPretty, !isFirst { newLine() }
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    private mutating func newLine() {
        bytes.append(UInt8(ascii: "\n"))
        bytes += Array(repeating: UInt8(ascii: "\t"), count: depth)
    }

    private mutating func name(_ name: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        if isPretty { newLine() }
        quote(Array(name.utf8))
        bytes += isPretty ? Array(":\t".utf8) : [UInt8(ascii: ":")]
    }

    private mutating func member(_ name: String, number: Int) {
        self.name(name)
        bytes += Array(String(number).utf8)
    }

    private mutating func member(_ name: String, quoted value: [UInt8]) {
        self.name(name)
        quote(value)
    }

    /// RFC 8259 section 7. What is not UTF-8 is shown with replacement characters: JSON has no bytes.
    private mutating func quote(_ value: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in Array(String(decoding: value, as: UTF8.self).utf8) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += Array("\\b".utf8)
            case 0x09: bytes += Array("\\t".utf8)
            case 0x0A: bytes += Array("\\n".utf8)
            case 0x0C: bytes += Array("\\f".utf8)
            case 0x0D: bytes += Array("\\r".utf8)
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                bytes += Array("\\u".utf8) + Array(String(repeating: "0", count: 4 - digits.count).utf8)
                bytes += Array(digits.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
