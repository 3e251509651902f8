internal import COpenSSL

/// The server's side of the opening handshake, RFC 6455 section 4.2: a request in, a response out.
enum WebSocketUpgrade {
    enum Outcome: Equatable {
        /// The request is not complete yet.
        case incomplete
        /// The client may speak frames behind `consumed` bytes.
        case accepted(consumed: Int, response: String)
        /// Send the response, then close.
        case refused(response: String, reason: String)
    }

    /// Subprotocols that MQTT is spoken in, best first. `mqttv3.1` is what MQTT 3.1 clients ask for.
    private static let protocols = ["mqtt", "mqttv3.1"]
    private static let headersMaximum = 100

    /// - Parameter searched: Bytes that were there at the last call, so that a request that comes byte by byte
    ///   costs no more than one in one piece.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        _ settings: WebSocketSettings,
        searched: Int = 0
    ) -> Outcome {
        let limit = settings.requestMaximumBytes
        guard let end = endOfHeaders(bytes, limit, searched: searched) else {
            return bytes.count >= limit
                ? refuse(431, "the request has more than \(limit) bytes") : incompleteOrHopeless(bytes)
        }
        // Latin-1, so that no byte is lost or joined with another.
        let text = String(decoding: bytes[..<end].map { UInt16($0) }, as: UTF16.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        guard let requestLine = lines.popFirst() else { return refuse(400, "the request is empty") }
        guard lines.count <= headersMaximum else { return refuse(431, "more than \(headersMaximum) headers") }
        var headers: [String: [Substring]] = [:]
        for line in lines where !line.isEmpty {
            guard let (name, value) = header(line) else { return refuse(400, "a header line is malformed") }
            headers[name, default: []].append(value)
        }
        if let (status, reason) = objection(to: requestLine, headers, settings) {
            return refuse(status, reason)
        }
        return accept(headers, consumed: end)
    }

    /// What is wrong with the request, RFC 6455 4.2.1.
    private static func objection(
        to requestLine: Substring,
        _ headers: [String: [Substring]],
        _ settings: WebSocketSettings
    ) -> (Int, String)? {
        let parts = requestLine.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].first == "/" else { return (400, "the request line is malformed") }
        guard parts[2] == "HTTP/1.1" else {
            return (505, "HTTP/1.1 is expected, found \(parts[2].prefix(16))")
        }
        guard parts[0] == "GET" else { return (405, "GET is expected, found \(parts[0].prefix(16))") }
        if let path = settings.path, parts[1].prefix(while: { $0 != "?" }) != path {
            return (404, "the path is not \(path)")
        }
        guard headers["host"]?.count == 1 else { return (400, "one Host header is expected") }
        guard headers["transfer-encoding"] == nil,
            headers["content-length"]?.allSatisfy({ $0 == "0" }) ?? true
        else { return (400, "a request without a body is expected") }
        guard tokens(headers["upgrade"]).contains("websocket") else {
            return (426, "Upgrade: websocket is expected")
        }
        guard tokens(headers["connection"]).contains("upgrade") else {
            return (400, "Connection: Upgrade is expected")
        }
        guard headers["sec-websocket-version"]?.count == 1, headers["sec-websocket-version"]?[0] == "13"
        else {
            return (426, "WebSocket version 13 is expected")
        }
        guard let key = headers["sec-websocket-key"], key.count == 1, isKey(key[0]) else {
            return (400, "one Sec-WebSocket-Key of 16 bytes is expected")
        }
        if let origins = settings.origins, let origin = headers["origin"],
            !(origin.count == 1 && origins.contains { $0.utf8.elementsEqual(origin[0].utf8) })
        {
            return (403, "the origin is not allowed")
        }
        return nil
    }

    private static func accept(_ headers: [String: [Substring]], consumed: Int) -> Outcome {
        // [MQTT-6.0.0-3] the client must offer "mqtt"; [MQTT-6.0.0-4] [MQTT3-6.0.0-4] the answer must name it.
        let offered = Set(
            (headers["sec-websocket-protocol"] ?? []).flatMap { $0.split(separator: ",") }.map(trimmed)
        )
        guard let name = protocols.first(where: { offered.contains(Substring($0)) }) else {
            return refuse(400, "the subprotocol mqtt is expected")
        }
        guard let key = headers["sec-websocket-key"]?.first, let answer = answer(to: key) else {
            return refuse(500, "no digest")
        }
        let response =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(answer)\r\nSec-WebSocket-Protocol: \(name)\r\n\r\n"
        return .accepted(consumed: consumed, response: response)
    }

    private static func refuse(_ status: Int, _ reason: String) -> Outcome {
        let names = [
            400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            426: "Upgrade Required", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
            505: "HTTP Version Not Supported",
        ]
        var response = "HTTP/1.1 \(status) \(names[status] ?? "Error")\r\nConnection: close\r\n"
        if status == 405 { response += "Allow: GET\r\n" }
        // RFC 6455 4.2.2: tell which version is spoken.
        if status == 426 { response += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" }
        response += "Content-Type: text/plain\r\nContent-Length: \(reason.utf8.count + 1)\r\n\r\n\(reason)\n"
        return .refused(response: response, reason: reason)
    }

    // MARK: - Bytes

    /// Index behind the empty line.
    private static func endOfHeaders(
        _ bytes: UnsafeRawBufferPointer,
        _ limit: Int,
        searched: Int
    ) -> Int? {
        let count = min(bytes.count, limit)
        // The mark may have begun in what was searched before.
        for index in max(3, searched - 3)..<max(3, searched - 3, count) where bytes[index] == 0x0A {
            if bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D {
                return index + 1
            }
        }
        return nil
    }

    /// What cannot become a GET request need not be waited for: a client that speaks plain MQTT or TLS here.
    private static func incompleteOrHopeless(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let isHopeless = bytes.prefix(3).contains { !(0x41...0x5A).contains($0) }
        return isHopeless ? refuse(400, "an HTTP request is expected here") : .incomplete
    }

    private static func header(_ line: Substring) -> (String, Substring)? {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
        let name = line[..<colon]
        // RFC 9112 5.1: no space between name and colon; a folded line begins with one.
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let value = trimmed(line[line.index(after: colon)...])
        guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F || $0.value == 0x09 })
        else {
            return nil
        }
        return (name.lowercased(), value)
    }

    private static func tokens(_ values: [Substring]?) -> [String] {
        (values ?? []).flatMap { $0.split(separator: ",") }.map { trimmed($0).lowercased() }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    /// 16 bytes in base64: 22 digits and two signs.
    private static func isKey(_ key: Substring) -> Bool {
        guard key.utf8.count == 24, key.hasSuffix("==") else { return false }
        return key.utf8.dropLast(2).allSatisfy { digit in
            switch digit {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
            default: false
            }
        }
    }

    /// RFC 6455 4.2.2 item 5.4: base64 of SHA-1 of the key and a fixed text.
    private static func answer(to key: Substring) -> String? {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        guard EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil) == 1 else { return nil }
        var encoded = [UInt8](repeating: 0, count: 29)
        let count = EVP_EncodeBlock(&encoded, digest, 20)
        return String(decoding: encoded.prefix(Int(max(0, count))), as: UTF8.self)
    }
}
