import MQTTWire

/// User properties among encoded MQTT 5 properties that were checked when they came in.
enum UserProperties {
    static func forEach(
        in bytes: UnsafeRawBufferPointer,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {
        var at = 0
        func text() -> UnsafeRawBufferPointer? {
            guard at + 2 <= bytes.count else { return nil }
            let count = Int(bytes[at]) << 8 | Int(bytes[at + 1])
            guard at + 2 + count <= bytes.count else { return nil }
            defer { at += 2 + count }
            return UnsafeRawBufferPointer(rebasing: bytes[at + 2..<at + 2 + count])
        }
        while at < bytes.count {
            let id = bytes[at]
            at += 1
            switch PropertyID(rawValue: id) {
            case .payloadFormatIndicator: at += 1
            case .messageExpiryInterval: at += 4
            case .topicAlias: at += 2
            case .contentType, .responseTopic, .correlationData: if text() == nil { return }
            case .subscriptionIdentifier:
                while at < bytes.count, bytes[at] & 0x80 != 0 { at += 1 }
                at += 1
            case .userProperty:
                guard let name = text(), let value = text() else { return }
                body(name, value)
            default: return
            }
        }
    }
}
