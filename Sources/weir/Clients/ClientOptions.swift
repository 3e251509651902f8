import ArgumentParser
import ClientKit
import MQTTWire

/// How `weir pub`, `weir sub` and `weir top` reach a broker; the flags are those of mosquitto_pub.
struct ClientOptions: ParsableArguments {
    @Option(name: [.customShort("h"), .long], help: "The broker's host.")
    var host: String?

    @Option(name: [.customShort("p"), .long], help: "The broker's port: 1883, or 8883 with TLS.")
    var port: UInt16?

    @Option(
        name: [.customShort("L"), .customLong("url")],
        help: "Everything in one: mqtt(s)://[user[:password]@]host[:port]/topic; ws:// and wss:// too."
    )
    var url: String?

    @Option(help: ArgumentHelp("The broker's Unix socket, instead of host and port.", valueName: "path"))
    var unix: String?

    @Option(help: ArgumentHelp("Speak over WebSocket, on this path of the server.", valueName: "path"))
    var ws: String?

    @Option(
        name: [.customShort("A"), .customLong("bind")],
        help: "Connect from this address of the machine."
    )
    var bindAddress: String?

    @Option(
        help: ArgumentHelp(
            "Reach the broker through a SOCKS5 proxy: socks5h://[user[:password]@]host[:port].",
            valueName: "url"
        )
    )
    var proxy: String?

    @Option(name: [.customShort("u"), .long], parsing: .unconditional, help: "The user name.")
    var username: String?

    @Option(
        name: [.customShort("P"), .customLong("pw"), .customLong("password")],
        parsing: .unconditional,
        help: "The password. Others may see it in ps."
    )
    var password: String?

    @Flag(help: "Prove the password by SCRAM-SHA-256 instead of sending it (-V 5).")
    var scram = false

    @Option(
        name: [.customShort("i"), .customLong("id")],
        parsing: .unconditional,
        help: "The client identifier."
    )
    var id: String?

    @Option(
        name: [.customShort("I"), .customLong("id-prefix")],
        parsing: .unconditional,
        help: "A client identifier made of this and the process id."
    )
    var idPrefix: String?

    @Option(
        name: [.customShort("V"), .customLong("protocol-version")],
        help: ArgumentHelp("mqttv5, mqttv311 or mqttv31; 5, 311 or 31 for short.", valueName: "version")
    )
    var version = ClientVersion.v311

    @Flag(
        name: [.customShort("c"), .customLong("disable-clean-session")],
        help: "Take up the session of the same client identifier, and leave it behind."
    )
    var keepsSession = false

    @Option(
        name: [.customShort("x"), .customLong("session-expiry-interval")],
        parsing: .unconditional,
        help: ArgumentHelp(
            "Seconds that the session outlives the connection; -1 for ever (-V 5).",
            valueName: "seconds"
        )
    )
    var sessionExpiry: Int?

    @Option(name: [.customShort("k"), .customLong("keepalive")], help: "Seconds between pings; 0 for none.")
    var keepAlive: UInt16 = 60

    @Option(
        name: [.customShort("D"), .customLong("property")],
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "An MQTT 5 property: PACKET PROPERTY VALUE, as in -D publish content-type text/plain. A user-property "
                + "has a name and a value of its own.",
            valueName: "word"
        )
    )
    var properties: [String] = []

    @Flag(name: [.customShort("d"), .long], help: "Tell each packet on standard error.")
    var debug = false

    @Flag(help: "No error messages.")
    var quiet = false

    @Flag(help: .hidden)
    var nodelay = false

    @OptionGroup(title: "Will") var will: WillOptions
    @OptionGroup(title: "TLS") var tls: TLSOptions
}

/// How a version is written on the command line.
enum ClientVersion: String, ExpressibleByArgument, CaseIterable {
    case v31 = "mqttv31"
    case v311 = "mqttv311"
    case v5 = "mqttv5"

    init?(argument: String) {
        switch argument.lowercased() {
        case "mqttv31", "31": self = .v31
        case "mqttv311", "311": self = .v311
        case "mqttv5", "5": self = .v5
        default: return nil
        }
    }

    var version: ProtocolVersion {
        switch self {
        case .v31: .v3_1
        case .v311: .v3_1_1
        case .v5: .v5
        }
    }
}

/// How a QoS is written on the command line.
enum QoSArgument: String, ExpressibleByArgument, CaseIterable {
    case atMostOnce = "0"
    case atLeastOnce = "1"
    case exactlyOnce = "2"

    var qos: QoS {
        switch self {
        case .atMostOnce: .atMostOnce
        case .atLeastOnce: .atLeastOnce
        case .exactlyOnce: .exactlyOnce
        }
    }
}

struct WillOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The topic that the broker tells when this client is lost.", valueName: "topic")
    )
    var willTopic: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("What it tells.", valueName: "payload"))
    var willPayload: String?

    @Option(help: ArgumentHelp("0, 1 or 2.", valueName: "qos"))
    var willQos = QoSArgument.atMostOnce

    @Flag(help: "The will is retained.")
    var willRetain = false
}

struct TLSOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Trusted certificates; switches TLS on.", valueName: "file"))
    var cafile: String?

    @Option(help: ArgumentHelp("A directory of trusted certificates; switches TLS on.", valueName: "dir"))
    var capath: String?

    @Flag(help: "Trust what the operating system trusts; switches TLS on.")
    var tlsUseOsCerts = false

    @Option(help: ArgumentHelp("The client's certificate.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("The certificate's key.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("The key's form; only pem is known here.", valueName: "form"))
    var keyform: String?

    @Flag(help: "Do not compare the certificate with the host's name.")
    var insecure = false

    @Option(help: "TLS 1.2 ciphers, in OpenSSL's words.")
    var ciphers: String?

    @Option(help: ArgumentHelp("tlsv1.2 or tlsv1.3, and no other.", valueName: "version"))
    var tlsVersion: String?

    @Option(help: ArgumentHelp("The application protocol to ask for, such as mqtt.", valueName: "name"))
    var tlsAlpn: String?

    @Option(
        help: ArgumentHelp("A pre-shared key in hexadecimal instead of certificates.", valueName: "hex-key")
    )
    var psk: String?

    @Option(help: ArgumentHelp("The name of the pre-shared key.", valueName: "identity"))
    var pskIdentity: String?
}
