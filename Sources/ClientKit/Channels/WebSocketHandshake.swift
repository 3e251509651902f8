import COpenSSL

/// The upgrade from HTTP to WebSocket, RFC 6455 section 4.1, as a machine without I/O.
package struct WebSocketHandshake {
    /// Bytes of the answer's head that are taken.
    package static let headSizeMax = 16 * 1024

    package let request: String
    private let accept: String
    private var input: [UInt8] = []

    package init(host: String, path: String) {
        var generator = SystemRandomNumberGenerator()
        self.init(
            host: host,
            path: path,
            nonce: (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        )
    }

    /// - Parameter nonce: 16 bytes, fresh for each connection but in tests.
    package init(host: String, path: String, nonce: [UInt8]) {
        let key = Self.base64(nonce)
        accept = Self.accept(key: key)
        request = [
            "GET \(path.hasPrefix("/") ? path : "/\(path)") HTTP/1.1",
            "Host: \(host)",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: \(key)",
            // [MQTT-6.0.0-3]
            "Sec-WebSocket-Protocol: mqtt",
            "Sec-WebSocket-Version: 13",
            "", "",
        ].joined(separator: "\r\n")
    }

    /// Takes bytes of the answer.
    ///
    /// - Returns: what follows the answer's head, or `nil` while some of the head is missing.
    package mutating func receive(_ bytes: [UInt8]) throws(ClientError) -> [UInt8]? {
        input += bytes
        guard let end = Self.endOfHead(input) else {
            guard input.count <= Self.headSizeMax else {
                throw ClientError(.protocolError, "the answer to the WebSocket upgrade has no end")
            }
            return nil
        }
        let head = String(decoding: input[..<end], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        let status =
            lines.first.map { $0.split(separator: " ").dropFirst().first.map(String.init) ?? "" } ?? ""
        guard status == "101" else {
            throw ClientError(.protocolError, "the broker refused the WebSocket: \(lines.first ?? "")")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...]
            headers[line[..<colon].lowercased()] = String(
                value.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            )
        }
        guard headers["sec-websocket-accept"] == accept else {
            throw ClientError(.protocolError, "the answer to the WebSocket upgrade is not for our request")
        }
        // [MQTT-6.0.0-4]
        guard headers["sec-websocket-protocol"] == "mqtt" else {
            throw ClientError(.protocolError, "the server does not speak MQTT over WebSocket")
        }
        return Array(input[end...])
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= mark.count else { return nil }
        for start in 0...bytes.count - mark.count where bytes[start..<start + mark.count].elementsEqual(mark)
        {
            return start + mark.count
        }
        return nil
    }

    /// Section 4.2.2: the key and a fixed GUID, hashed.
    package static func accept(key: String) -> String {
        let text = Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_Q_digest(nil, "SHA1", nil, text, text.count, &digest, nil)
        return base64(digest)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text[..<Int(count)], as: UTF8.self)
    }
}
