/// Where a broker is, in one word: `mqtt://user:password@host:port/topic`.
///
/// Schemes: mqtt, mqtts, ws, wss and their synonyms tcp and tls.
package struct BrokerURL: Sendable, Equatable {
    package var host: String
    package var port: UInt16
    package var userName: String?
    package var password: String?
    /// What follows the first slash, decoded; `nil` when nothing does.
    package var topic: String?
    package var usesTLS: Bool
    package var usesWebSocket: Bool

    /// - Parameter standardPort: the port of a URL that names none; `nil` for that of its scheme.
    /// - Throws: ``ClientError/Kind/usage``, saying what is expected.
    package init(_ text: String, standardPort: UInt16? = nil) throws(ClientError) {
        guard let mark = text.firstRange(of: "://") else {
            throw ClientError(
                .usage,
                "\"\(text)\" is no URL: mqtt://[user[:password]@]host[:port]/topic is expected"
            )
        }
        switch text[..<mark.lowerBound].lowercased() {
        case "mqtt", "tcp": (usesTLS, usesWebSocket, port) = (false, false, 1883)
        case "mqtts", "tls", "ssl": (usesTLS, usesWebSocket, port) = (true, false, 8883)
        case "ws": (usesTLS, usesWebSocket, port) = (false, true, 80)
        case "wss": (usesTLS, usesWebSocket, port) = (true, true, 443)
        case let other:
            throw ClientError(.usage, "\(other) is no scheme of a broker; mqtt, mqtts, ws or wss is")
        }
        var rest = text[mark.upperBound...]
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            topic = path.isEmpty ? nil : try Self.decode(path)
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            userName = try Self.decode(credentials[0])
            if credentials.count > 1 { password = try Self.decode(credentials[1]) }
            rest = rest[rest.index(after: at)...]
        }
        (host, port) = try Self.hostAndPort(rest, standard: standardPort ?? port)
    }

    private static func hostAndPort(
        _ text: Substring,
        standard: UInt16
    ) throws(ClientError) -> (String, UInt16) {
        var host = text
        var port = standard
        // An IPv6 address stands in brackets and has colons of its own.
        let end = text.hasPrefix("[") ? text.firstIndex(of: "]") ?? text.endIndex : text.startIndex
        if let colon = text[end...].lastIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            guard let number = UInt16(digits), number > 0 else {
                throw ClientError(.usage, "\"\(digits)\" is no port; a number from 1 to 65535 is")
            }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw ClientError(.usage, "the URL names no host") }
        return (String(host), port)
    }

    /// RFC 3986 2.1
    private static func decode(_ text: some StringProtocol) throws(ClientError) -> String {
        var bytes: [UInt8] = []
        var utf8 = Array(text.utf8)[...]
        while let byte = utf8.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard utf8.count >= 2,
                let value = UInt8(String(decoding: utf8.prefix(2), as: UTF8.self), radix: 16)
            else { throw ClientError(.usage, "% is followed by two hexadecimal digits in a URL") }
            bytes.append(value)
            utf8 = utf8.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw ClientError(.usage, "the URL does not decode to UTF-8")
        }
        return decoded
    }
}
