/// A listener on its way from mosquitto.conf.
struct MosquittoListener {
    var port: Int
    /// A host, or the path of a Unix socket where the port is 0.
    var address: String?
    var place: Place
    var isWebSocket = false
    var allowAnonymous: MosquittoFile.Directive?
    /// Key under `listeners[]` and its value.
    var values: [(key: String, value: String, place: Place, isPlain: Bool)] = []
    var hasTLS = false
}

extension MosquittoImport {
    /// Directives of a listener; before the first `listener` line they are those of the default one.
    mutating func takeListener(_ directive: MosquittoFile.Directive) -> Bool {
        switch directive.name {
        case "listener":
            let words = directive.value.split(separator: " ", maxSplits: 1)
            guard let port = words.first.flatMap({ Int($0) }), (0...65_535).contains(port) else {
                notes.append(
                    ImportNote(directive, "found \"\(directive.value)\", expected a port; not carried over")
                )
                return true
            }
            let address = words.count > 1 ? String(words[1]) : nil
            listeners.append(MosquittoListener(port: port, address: address, place: directive.place))
        case "port":
            let port = number(directive, in: 0...65_535)
            current(directive) {
                $0.port = port
                $0.place = directive.place
            }
        case "bind_address":
            current(directive) { $0.address = directive.value }
        case "protocol":
            guard ["mqtt", "websockets"].contains(directive.value) else {
                notes.append(
                    ImportNote(directive, "found \"\(directive.value)\", expected mqtt or websockets")
                )
                return true
            }
            current(directive) { $0.isWebSocket = directive.value == "websockets" }
        case "max_connections":
            if let count = Int(directive.value), count > 0 {
                set(directive, "maximumConnections", "\(count)")
            }
        case "max_packet_size":
            let bytes = number(directive, in: 0...268_435_455)
            if bytes == 0 {
                set(directive, "maximumPacketSize", "256MiB")
            } else {
                limitPackets(directive, to: max(bytes, 128))
            }
        case "message_size_limit":
            let bytes = number(directive, in: 0...268_435_455)
            guard bytes > 0 else { return true }
            // The limit is of the payload; the longest topic and a page of properties come on top.
            limitPackets(directive, to: min(bytes + 69_632, 268_435_456))
            notes.append(
                ImportNote(
                    directive,
                    "taken as the packet size with room for a topic and properties, 68 KiB more"
                )
            )
        case "use_identity_as_username":
            if directive.value == "true" { set(directive, "usernameFrom", "commonName") }
        case "use_subject_as_username":
            if directive.value == "true" { set(directive, "usernameFrom", "subject") }
        case "websockets_headers_size":
            let bytes = number(directive, in: 0...1_048_576)
            if bytes > 0 { set(directive, "webSocket.maximumRequestSize", "\(max(bytes, 256))") }
        default:
            return takeTLS(directive)
        }
        return true
    }

    private mutating func takeTLS(_ directive: MosquittoFile.Directive) -> Bool {
        let files = [
            "certfile": "tls.certificateFile", "keyfile": "tls.keyFile", "cafile": "tls.caFile",
            "capath": "tls.caDirectory", "crlfile": "tls.crlFile", "ciphers": "tls.ciphers",
            "ciphers_tls1.3": "tls.cipherSuites",
        ]
        if let key = files[directive.name] {
            set(directive, key, directive.value, isPlain: false)
            if directive.name == "certfile" { current(directive) { $0.hasTLS = true } }
            return true
        }
        switch directive.name {
        case "require_certificate":
            if directive.value == "true" { set(directive, "tls.clientCertificate", "required") }
        case "tls_version":
            switch directive.value {
            case "tlsv1.3": set(directive, "tls.minimumVersion", "1.3")
            case "tlsv1.2": set(directive, "tls.minimumVersion", "1.2")
            default:
                notes.append(ImportNote(directive, "TLS below 1.2 is not spoken; 1.2 is the lowest"))
            }
        case "psk_hint":
            set(directive, "tls.preSharedKeys", "true")
            set(directive, "tls.preSharedKeyHint", directive.value, isPlain: false)
            current(directive) { $0.hasTLS = true }
        default:
            return false
        }
        return true
    }

    private mutating func set(
        _ directive: MosquittoFile.Directive,
        _ key: String,
        _ value: String,
        isPlain: Bool = true
    ) {
        current(directive) { $0.values.append((key, value, directive.place, isPlain)) }
    }

    /// Of several limits the lowest holds, as in mosquitto.
    private mutating func limitPackets(_ directive: MosquittoFile.Directive, to bytes: Int) {
        let others = listeners.last?.values.compactMap { $0.key == "maximumPacketSize" ? Int($0.value) : nil }
        guard bytes < others?.min() ?? .max else { return }
        set(directive, "maximumPacketSize", "\(bytes)")
    }

    /// Changes the listener that `directive` belongs to.
    private mutating func current(
        _ directive: MosquittoFile.Directive,
        _ change: (inout MosquittoListener) -> Void
    ) {
        if listeners.isEmpty {
            listeners.append(MosquittoListener(port: 1_883, place: directive.place))
        }
        change(&listeners[listeners.count - 1])
    }

    /// Writes the listeners, once all is read.
    mutating func putListeners() {
        // "port 0" and a default listener that nothing but limits was said of are as mosquitto treats them:
        // without any listener it serves this machine only, and lets anybody in.
        if listeners.isEmpty {
            put("listeners[0].url", "tcp://127.0.0.1:1883", .builtIn, isPlain: false)
            return
        }
        if settings.text(at: "access.allowAnonymous") == nil,
            listeners.allSatisfy({ $0.allowAnonymous == nil })
        {
            // mosquitto 2 denies anonymous clients on every listener that is configured, loopback too.
            put("access.allowAnonymous", "false", .builtIn)
        }
        for (index, listener) in listeners.enumerated() {
            let prefix = "listeners[\(index)]"
            put("\(prefix).url", url(listener), listener.place, isPlain: false)
            if let directive = listener.allowAnonymous {
                put("\(prefix).allowAnonymous", directive.value, directive.place)
            }
            for (key, value, place, isPlain) in listener.values
            where !key.hasPrefix("tls.") || listener.hasTLS {
                put("\(prefix).\(key)", value, place, isPlain: isPlain)
            }
        }
    }

    private func url(_ listener: MosquittoListener) -> String {
        if listener.port == 0, let path = listener.address { return "unix://\(path)" }
        let scheme =
            switch (listener.isWebSocket, listener.hasTLS) {
            case (false, false): "tcp"
            case (false, true): "tls"
            case (true, false): "ws"
            case (true, true): "wss"
            }
        var host = listener.address ?? "0.0.0.0"
        if host.contains(":") { host = "[\(host)]" }
        return "\(scheme)://\(host):\(listener.port)"
    }
}
