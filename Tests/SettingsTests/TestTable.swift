import Settings

/// A small configuration with one key of every kind, so that the engine is tested apart from the product's keys.
struct TestSettings: Sendable, Equatable {
    enum Policy: String, CaseIterable, Sendable {
        case refuse
        case dropOldest
    }

    struct Limits: Sendable, Equatable {
        var maximumPacketSize = 1 << 20
        var keepAlive = Duration.seconds(60)
        var expirySeconds: UInt32 = 7_200
        var policy = Policy.refuse
        var publishRate = 100.0
    }

    struct Listener: Sendable, Equatable {
        var url = ""
        var certificateFile: String?
        var keyFile: String?
        var names: [String] = []
    }

    struct Role: Sendable, Equatable {
        var name = ""
        var topics: [String] = []
    }

    var dataDirectory = "./data"
    var anonymous = false
    var password: String?
    var limits = Limits()
    var listeners: [Listener] = []
    var roles: [Role] = []

    static let schema = Schema<TestSettings> {
        Member.value(
            "dataDirectory",
            \.dataDirectory,
            .path("the path of a directory"),
            "Where everything is kept."
        )
        Member.value("anonymous", \.anonymous, .bool, "Whether clients need no name.", reload: .live)
        Member.value("password", \.password, .optional(.text()), "A secret.", secret: true, example: "xyzzy")
        Member.group("limits", \.limits, limits, "What a client may use.")
        Member.list(
            "listeners",
            \.listeners,
            of: listener,
            template: Listener(),
            countMax: 4,
            "Where clients connect."
        )
        Member.map(
            "roles",
            \.roles,
            of: role,
            template: Role(),
            named: \.name,
            countMax: 4,
            exampleName: "sensor",
            "What clients may do."
        )
    }

    static let limits = Schema<Limits> {
        Member.value(
            "maximumPacketSize",
            \.maximumPacketSize,
            .byteSize(in: 128...(256 << 20)),
            "Largest packet.",
            reload: .live
        )
        Member.value(
            "keepAlive",
            \.keepAlive,
            .duration(in: .milliseconds(1)...(.seconds(3_600))),
            "Longest silence."
        )
        Member.value(
            "expiry",
            \.expirySeconds,
            .seconds(in: 0...UInt32.max),
            "Life of a session.",
            reload: .live
        )
        Member.value("policy", \.policy, .choice, "When full.")
        Member.value(
            "publishRate",
            \.publishRate,
            .rate(of: "messages", in: 0.1...1_000_000),
            "Messages per client."
        )
    }

    static let listener = Schema<Listener>(checks: [
        { listener, path, decoding in
            if listener.certificateFile != nil, listener.keyFile == nil {
                decoding.problem(
                    with: "\(path).certificateFile",
                    "found a certificate without keyFile, expected both"
                )
            }
        }
    ]) {
        Member.value(
            "url",
            \.url,
            .text("a URL"),
            "Address.",
            required: true,
            example: "tcp://127.0.0.1:1883"
        )
        Member.value(
            "certificateFile",
            \.certificateFile,
            .optional(.path()),
            "Chain.",
            reload: .live,
            example: "a.pem"
        )
        Member.value("keyFile", \.keyFile, .optional(.path()), "Key.", reload: .live, example: "a.key")
        Member.value("names", \.names, .list(.text()), "Names.", example: "[a, b]")
    }

    static let role = Schema<Role> {
        Member.value("topics", \.topics, .list(.text("a rule")), "Rules.", example: "[\"read #\"]")
    }

    static let loader = Loader(schema: schema, defaults: TestSettings())

    static func load(
        _ yaml: String = "",
        environment: [String: String] = [:],
        flags: [String] = []
    ) throws(Problems) -> TestSettings {
        try loader.load(file: (yaml, "weir.yaml"), environment: environment, flags: flags).settings
    }
}
