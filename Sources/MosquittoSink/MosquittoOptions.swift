internal import CMosquitto
internal import Glibc
package import Uplink

/// How one client reaches its broker.
package struct MosquittoOptions: Sendable {
    package var host: String
    package var port: Int32
    package var usesTLS: Bool
    package var clientID: String
    package var cleanStart = true
    /// Seconds that the session outlives the connection, where ``cleanStart`` is false.
    package var sessionExpiry: UInt32 = 7 * 86_400
    package var settings: ConnectionSettings
    /// Messages that may be on their way to the broker or from it.
    package var receiveMaximum: UInt16 = 64
    private let password: String?

    var isVersion5: Bool { settings.version == .v5 }

    /// - Parameter url: mqtt://HOST[:PORT] or mqtts://HOST[:PORT].
    /// - Throws: ``MosquittoError`` with what was expected and found.
    package init(url: String, settings: ConnectionSettings, clientID: String) throws(MosquittoError) {
        let expectation = "found broker \"\(url)\", expected mqtt://HOST:PORT or mqtts://HOST:PORT"
        guard let separator = url.range(of: "://") else { throw MosquittoError(expectation) }
        switch url[..<separator.lowerBound] {
        case "mqtt", "tcp": usesTLS = false
        case "mqtts", "tls", "ssl": usesTLS = true
        default: throw MosquittoError(expectation)
        }
        var rest = url[separator.upperBound...]
        if rest.last == "/" { rest = rest.dropLast() }
        port = usesTLS ? 8_883 : 1_883
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            host = String(rest.prefix { $0 != ":" })
            rest = rest.dropFirst(host.count)
        }
        if rest.first == ":" {
            guard let number = UInt16(rest.dropFirst()), number > 0 else { throw MosquittoError(expectation) }
            port = Int32(number)
        } else if !rest.isEmpty {
            throw MosquittoError(expectation)
        }
        guard !host.isEmpty, !host.contains("/") else { throw MosquittoError(expectation) }
        self.settings = settings
        self.clientID = settings.clientID.isEmpty ? clientID : settings.clientID
        password = try settings.passwordFile.map { path throws(MosquittoError) in
            guard let file = fopen(path, "re") else {
                throw MosquittoError(
                    "password file \"\(path)\" cannot be read (\(String(cString: strerror(errno)))); check its owner."
                )
            }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 4_096)
            guard fgets(&line, Int32(line.count), file) != nil else {
                throw MosquittoError(
                    "password file \"\(path)\" is empty, expected a password on its first line"
                )
            }
            let bytes = line.prefix { $0 != 0 && $0 != 10 && $0 != 13 }.map { UInt8(bitPattern: $0) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    func apply(to client: OpaquePointer) throws {
        try check(
            mosquitto_int_option(
                client,
                MOSQ_OPT_PROTOCOL_VERSION,
                isVersion5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
            ),
            "protocol version"
        )
        mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, Int32(receiveMaximum))
        mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, Int32(receiveMaximum))
        if let username = settings.username {
            try check(mosquitto_username_pw_set(client, username, password), "username")
        }
        guard usesTLS else { return }
        if settings.caFile != nil || settings.caDirectory != nil || settings.certificateFile != nil {
            try check(
                mosquitto_tls_set(
                    client,
                    settings.caFile,
                    settings.caFile == nil && settings.caDirectory == nil
                        ? "/etc/ssl/certs" : settings.caDirectory,
                    settings.certificateFile,
                    settings.keyFile ?? settings.certificateFile,
                    nil
                ),
                "TLS files (\(settings.caFile ?? settings.caDirectory ?? settings.certificateFile ?? ""))"
            )
        } else {
            try check(
                mosquitto_int_option(client, MOSQ_OPT_TLS_USE_OS_CERTS, 1),
                "certificates of the system"
            )
        }
    }

    private func check(_ code: Int32, _ what: String) throws {
        guard code != 0 else { return }
        throw MosquittoError("\(what): \(String(cString: mosquitto_strerror(code)))")
    }

    /// Blocks until CONNECT is sent.
    func connect(_ client: OpaquePointer) -> Int32 {
        let keepAlive = Int32(max(5, min(65_535, settings.keepAlive.components.seconds)))
        guard isVersion5, !cleanStart else {
            return mosquitto_connect(client, host, port, keepAlive)
        }
        var list: OpaquePointer?
        defer { mosquitto_property_free_all(&list) }
        mosquitto_property_add_int32(&list, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), sessionExpiry)
        return mosquitto_connect_bind_v5(client, host, port, keepAlive, nil, list)
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
