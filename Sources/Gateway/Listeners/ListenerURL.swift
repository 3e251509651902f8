/// Reads `--listen` URLs: `tcp://127.0.0.1:1883`, `tls://[::]:8883?cert=edge.pem&key=edge.key`,
/// `ws://*:8083/mqtt`, `wss://…`, `unix:///run/weir.sock?mode=0660`.
///
/// Everything that a listener can be told fits behind the question mark; unknown options are errors.
package enum ListenerURL {
    private static let schemes: [String: (isTLS: Bool, isWebSocket: Bool, port: UInt16)] = [
        "tcp": (false, false, 1883), "mqtt": (false, false, 1883),
        "tls": (true, false, 8883), "mqtts": (true, false, 8883),
        "ws": (false, true, 8083), "wss": (true, true, 8084),
    ]

    package static func parse(_ url: String) throws(ListenerError) -> ListenerSettings {
        guard let mark = url.range(of: "://") else {
            throw ListenerError("listener \"\(url)\": a URL such as tcp://127.0.0.1:1883 is expected")
        }
        let scheme = url[..<mark.lowerBound].lowercased()
        let parts = url[mark.upperBound...].split(
            separator: "?",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let place = parts.first ?? ""
        var settings: ListenerSettings
        if scheme == "unix" {
            settings = try unix(place, url)
        } else if let kind = schemes[scheme] {
            settings = try network(place, url, kind)
        } else {
            throw ListenerError(
                "listener \"\(url)\": the scheme \"\(scheme)\" is unknown; tcp, tls, ws, wss and unix are known"
            )
        }
        if parts.count == 2 { try readOptions(parts[1], into: &settings, url) }
        return settings
    }

    private static func unix(_ place: Substring, _ url: String) throws(ListenerError) -> ListenerSettings {
        let path = try decoded(place, url)
        guard path.first == "/" else {
            throw ListenerError(
                "listener \"\(url)\": an absolute path is expected, as in unix:///run/weir.sock"
            )
        }
        return ListenerSettings(address: .unix(path: path))
    }

    private static func network(
        _ place: Substring,
        _ url: String,
        _ kind: (isTLS: Bool, isWebSocket: Bool, port: UInt16)
    ) throws(ListenerError) -> ListenerSettings {
        let slash = place.firstIndex(of: "/") ?? place.endIndex
        let (host, port) = try hostAndPort(place[..<slash], url, kind.port)
        let path = place[slash...]
        var webSocket: WebSocketSettings?
        if kind.isWebSocket {
            webSocket = WebSocketSettings()
            if path.count > 1 { webSocket?.path = try decoded(path, url) }
        } else if path.count > 1 {
            throw ListenerError("listener \"\(url)\": a path (\"\(path)\") is for ws and wss only")
        }
        return ListenerSettings(
            address: .network(host: host, port: port),
            tls: kind.isTLS ? TLSSettings(webSocket: kind.isWebSocket) : nil,
            webSocket: webSocket
        )
    }

    private static func hostAndPort(
        _ place: Substring,
        _ url: String,
        _ defaultPort: UInt16
    ) throws(ListenerError) -> (String, UInt16) {
        var host = place
        var port: Substring?
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else {
                throw ListenerError("listener \"\(url)\": the IPv6 address has no closing bracket")
            }
            host = place[place.index(after: place.startIndex)..<end]
            let rest = place[place.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else {
                throw ListenerError(
                    "listener \"\(url)\": a port is expected behind the bracket, found \"\(rest)\""
                )
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = place.firstIndex(of: ":") {
            host = place[..<colon]
            port = place[place.index(after: colon)...]
            if port?.contains(":") == true {
                throw ListenerError(
                    "listener \"\(url)\": an IPv6 address goes in brackets, as in tcp://[::1]:1883"
                )
            }
        }
        guard let port else { return (host == "*" ? "" : String(host), defaultPort) }
        guard let number = UInt16(port), port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw ListenerError("listener \"\(url)\": a port from 0 to 65535 is expected, found \"\(port)\"")
        }
        return (host == "*" ? "" : String(host), number)
    }

    // MARK: - Options

    private static func readOptions(
        _ text: Substring,
        into settings: inout ListenerSettings,
        _ url: String
    ) throws(ListenerError) {
        var seen: Set<String> = []
        for option in text.split(separator: "&", omittingEmptySubsequences: true) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(parts[0])
            let value = parts.count == 2 ? try decoded(parts[1], url) : "true"
            let mayRepeat = key == "origin" || key == "proxies" || key == "alpn"
            guard seen.insert(key).inserted || mayRepeat else {
                throw ListenerError("listener \"\(url)\": the option \"\(key)\" is given twice")
            }
            guard let reader = ListenerOptions.all[key] else {
                let known = ListenerOptions.all.keys.sorted().joined(separator: ", ")
                throw ListenerError(
                    "listener \"\(url)\": the option \"\(key)\" is unknown; known are \(known)"
                )
            }
            do throws(ListenerOptions.Mistake) {
                try reader(value, &settings)
            } catch {
                throw ListenerError("listener \"\(url)\": \(key)=\(value): \(error.expected)")
            }
        }
    }

    /// Takes `%41` for `A`; everything else stands for itself.
    private static func decoded(_ text: Substring, _ url: String) throws(ListenerError) -> String {
        guard text.contains("%") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest.count >= 2
            else {
                throw ListenerError("listener \"\(url)\": two hexadecimal digits are expected behind \"%\"")
            }
            rest = rest.dropFirst(2)
            bytes.append(value)
        }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw ListenerError("listener \"\(url)\": \"\(text)\" is not UTF-8")
        }
        return string
    }
}

extension TLSSettings {
    /// A browser offers HTTP where MQTT over WebSocket is spoken.
    package init(webSocket: Bool) {
        self.init()
        applicationProtocols = webSocket ? ["http/1.1"] : ["mqtt"]
    }
}

extension StringProtocol {
    /// The first place of `other`; Foundation's method of this name is not needed for that.
    fileprivate func range(of other: String) -> Range<Index>? {
        firstRange(of: other)
    }
}
