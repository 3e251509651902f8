import ClientKit
import Glibc
import MQTTWire

extension ClientOptions {
    /// The topic of the URL, which counts like `-t`.
    func urlTopic() throws(ClientError) -> String? {
        guard let url else { return nil }
        return try BrokerURL(url).topic
    }

    /// - Throws: ``ClientError/Kind/usage``
    func configuration(_ arguments: PropertyArguments) throws(ClientError) -> ClientConfiguration {
        let broker = try url.map { text throws(ClientError) in try BrokerURL(text) }
        var tlsOptions = try tls.options()
        if broker?.usesTLS == true, tlsOptions == nil {
            tlsOptions = try tls.options(isOn: true)
            tlsOptions?.trustsSystem = true
        }
        let endpoint: ClientConfiguration.Endpoint
        if let unix {
            endpoint = .unix(path: unix)
        } else {
            endpoint = .tcp(
                host: host ?? broker?.host ?? "localhost",
                port: port ?? broker?.port ?? (tlsOptions == nil ? 1883 : 8883)
            )
        }
        var configuration = ClientConfiguration(endpoint: endpoint, version: version.version)
        configuration.tls = tlsOptions
        configuration.webSocketPath = ws ?? (broker?.usesWebSocket == true ? "/mqtt" : nil)
        configuration.bindAddress = bindAddress
        configuration.proxy = try proxy.map { text throws(ClientError) in try SocksProxy(text) }
        if unix != nil, proxy != nil {
            throw ClientError(.usage, "--proxy does not lead to a Unix socket: give --unix or --proxy")
        }
        configuration.userName = username ?? broker?.userName
        configuration.password = (password ?? broker?.password).map { Array($0.utf8) }
        configuration.usesScram = scram
        configuration.keepAlive = keepAlive
        configuration.will = try makeWill(arguments)
        try setSession(&configuration, arguments)
        if !arguments.isEmpty, version != .v5 {
            throw ClientError(.usage, "-D needs MQTT 5: add -V 5")
        }
        return configuration
    }

    private func setSession(
        _ configuration: inout ClientConfiguration,
        _ arguments: PropertyArguments
    ) throws(ClientError) {
        configuration.cleanStart = !keepsSession
        configuration.clientID = id ?? idPrefix.map { "\($0)\(getpid())" } ?? ""
        guard !keepsSession || id != nil || idPrefix != nil else {
            throw ClientError(.usage, "You must provide a client id if you are using the -c option.")
        }
        // MQTT 3.1 has no assigned identifiers, and at most 23 characters.
        if configuration.clientID.isEmpty, version == .v31 { configuration.clientID = "weir-\(getpid())" }
        configuration.properties = arguments[.connect]
        guard version == .v5 else {
            guard sessionExpiry == nil else { throw ClientError(.usage, "-x needs MQTT 5: add -V 5") }
            return
        }
        let expiry = sessionExpiry ?? (keepsSession ? -1 : 0)
        guard expiry >= -1, expiry <= Int(UInt32.max) else {
            throw ClientError(.usage, "-x \(expiry): a number from -1 to \(UInt32.max) is expected")
        }
        if configuration.properties.sessionExpiryInterval == nil, expiry != 0 {
            configuration.properties.sessionExpiryInterval = expiry == -1 ? .max : UInt32(expiry)
        }
    }

    private func makeWill(_ arguments: PropertyArguments) throws(ClientError) -> Will? {
        guard let topic = will.willTopic else {
            guard will.willPayload == nil, !will.willRetain else {
                throw ClientError(.usage, "a will needs --will-topic")
            }
            return nil
        }
        do {
            try TopicName.validate(topic)
        } catch {
            throw ClientError(.usage, "--will-topic \"\(topic)\": \(error.message)")
        }
        var made = Will(topic: topic, payload: Array((will.willPayload ?? "").utf8))
        made.qos = will.willQos.qos
        made.retain = will.willRetain
        made.properties = arguments[.will]
        return made
    }
}

extension TLSOptions {
    /// - Returns: `nil` when nothing switches TLS on.
    func options(isOn: Bool = false) throws(ClientError) -> TLSClientOptions? {
        guard isOn || cafile != nil || capath != nil || tlsUseOsCerts || psk != nil else { return nil }
        guard (cert == nil) == (key == nil) else {
            throw ClientError(.usage, "--cert and --key belong together: give both or none")
        }
        if let keyform, keyform != "pem" {
            throw ClientError(.usage, "--keyform \(keyform): pem is expected; OpenSSL's engines are not used")
        }
        var options = TLSClientOptions()
        options.caFile = cafile
        options.caPath = capath
        options.trustsSystem = tlsUseOsCerts
        options.certificateFile = cert
        options.keyFile = key
        options.skipsHostName = insecure
        options.ciphers = ciphers
        options.alpn = tlsAlpn
        if let tlsVersion {
            guard let version = TLSClientOptions.Version(rawValue: tlsVersion) else {
                throw ClientError(.usage, "--tls-version \(tlsVersion): tlsv1.2 or tlsv1.3 is expected")
            }
            options.minimumVersion = version
            options.maximumVersion = version
        }
        if let psk {
            guard let pskIdentity else { throw ClientError(.usage, "--psk needs --psk-identity") }
            guard let key = TLSClientOptions.PreSharedKey(identity: pskIdentity, hex: psk) else {
                throw ClientError(.usage, "--psk: pairs of hexadecimal digits without 0x are expected")
            }
            options.preSharedKey = key
        }
        return options
    }
}
