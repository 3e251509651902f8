/// The options that a listener's URL may carry.
enum ListenerOptions {
    struct Mistake: Error {
        let expected: String
    }

    typealias Reader = @Sendable (String, inout ListenerSettings) throws(Mistake) -> Void

    static let all: [String: Reader] = general.merging(secure) { first, _ in first }

    private static let general: [String: Reader] = [
        "name": { value, settings throws(Mistake) in
            guard !value.isEmpty else { throw Mistake(expected: "a name is expected") }
            settings.name = value
        },
        "max-connections": { value, settings throws(Mistake) in
            settings.maximumConnections = try number(value, 1...16_777_216)
        },
        "max-packet-size": { value, settings throws(Mistake) in
            settings.maximumPacketSize = try number(value, 64...268_435_460)
        },
        "connect-rate": { value, settings throws(Mistake) in
            settings.connectRate = try number(value, 1...1_000_000)
        },
        "handshake-timeout": { value, settings throws(Mistake) in
            settings.handshakeTimeout = .seconds(
                try number(value.hasSuffix("s") ? String(value.dropLast()) : value, 1...3600)
            )
        },
        "backlog": { value, settings throws(Mistake) in settings.backlog = try number(value, 1...65_535) },
        "anonymous": { value, settings throws(Mistake) in settings.allowAnonymous = try boolean(value) },
        "proxy": { value, settings throws(Mistake) in
            guard let proxy = ListenerSettings.ProxyProtocol(rawValue: value) else {
                throw Mistake(expected: "off, v2 or any is expected")
            }
            settings.proxyProtocol = proxy
        },
        "proxies": { value, settings throws(Mistake) in
            guard AddressRange(value) != nil else {
                throw Mistake(expected: "an address or a network such as 10.0.0.0/8 is expected")
            }
            settings.proxies = (settings.proxies ?? []) + [value]
        },
        "mode": { value, settings throws(Mistake) in
            guard case .unix = settings.address else { throw Mistake(expected: "a mode is for unix only") }
            guard let mode = UInt32(value, radix: 8), mode <= 0o777 else {
                throw Mistake(expected: "an octal mode such as 0660 is expected")
            }
            settings.mode = mode
        },
        "origin": { value, settings throws(Mistake) in
            guard settings.webSocket != nil else {
                throw Mistake(expected: "an origin is for ws and wss only")
            }
            let others = settings.webSocket?.origins ?? []
            settings.webSocket?.origins = others + [value]
        },
        "any-path": { value, settings throws(Mistake) in
            guard settings.webSocket != nil else { throw Mistake(expected: "a path is for ws and wss only") }
            if try boolean(value) { settings.webSocket?.path = nil }
        },
    ]

    private static let secure: [String: Reader] = [
        "cert": tls { value, tls in tls.certificateFile = value },
        "key": tls { value, tls in tls.keyFile = value },
        "key-password-file": tls { value, tls in tls.keyPasswordFile = value },
        "ca": tls { value, tls in tls.caFile = value },
        "ca-dir": tls { value, tls in tls.caDirectory = value },
        "crl": tls { value, tls in tls.crlFile = value },
        "client-cert": tls { value, tls throws(Mistake) in
            guard let mode = TLSSettings.ClientCertificate(rawValue: value) else {
                throw Mistake(expected: "none, optional or required is expected")
            }
            tls.clientCertificate = mode
        },
        "min-version": tls { value, tls throws(Mistake) in
            guard let version = TLSSettings.Version(rawValue: value) else {
                throw Mistake(expected: "1.2 or 1.3 is expected")
            }
            tls.minimumVersion = version
        },
        "ciphers": tls { value, tls in tls.ciphers = value },
        "cipher-suites": tls { value, tls in tls.cipherSuites = value },
        "groups": tls { value, tls in tls.groups = value },
        "alpn": tls { value, tls in tls.applicationProtocols.append(value) },
        "resumption": tls { value, tls throws(Mistake) in tls.sessionResumption = try boolean(value) },
        "psk": tls { value, tls throws(Mistake) in tls.preSharedKeys = try boolean(value) },
        "psk-hint": tls { value, tls in tls.preSharedKeyHint = value },
    ]

    private static func tls(
        _ read: @escaping @Sendable (String, inout TLSSettings) throws(Mistake) -> Void
    ) -> Reader {
        { value, settings throws(Mistake) in
            guard var tls = settings.tls else { throw Mistake(expected: "this is for tls and wss only") }
            guard !value.isEmpty else { throw Mistake(expected: "a value is expected") }
            try read(value, &tls)
            settings.tls = tls
        }
    }

    private static func number(_ text: String, _ range: ClosedRange<Int>) throws(Mistake) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw Mistake(expected: "a number from \(range.lowerBound) to \(range.upperBound) is expected")
        }
        return value
    }

    private static func boolean(_ text: String) throws(Mistake) -> Bool {
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw Mistake(expected: "true or false is expected")
        }
    }
}
