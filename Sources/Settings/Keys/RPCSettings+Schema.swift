import Access
import HTTPGateway
import RPCBridge

extension RPCSettings {
    static let schema = Schema<RPCSettings>(checks: [fits]) {
        Member.value("enabled", \.enabled, .bool, "Whether the bus is served over gRPC.")
        Member.value(
            "listen",
            \.listen,
            .httpAddress,
            "Where. Beyond loopback nobody gets in without credentials, unless the settings say so, and they should go over TLS."
        )
        Member.value(
            "name",
            \.name,
            .text("a name", lengthMax: 256),
            "What access rules and logs call this listener."
        )
        Member.value(
            "allowAnonymous",
            \.allowAnonymous,
            .optional(.bool),
            "Whether calls without credentials are taken here; not set, access.allowAnonymous decides.",
            reload: .live,
            example: "false"
        )
        Member.group("tls", \.tls, TLS.schema, "Without a certificate, calls are not encrypted.")
        limits
        connections
    }

    @MemberList<RPCSettings> private static var limits: [Member<RPCSettings>] {
        Member.value(
            "maximumMessageSize",
            \.maximumMessageSize,
            .byteSize(in: 1_024...(64 << 20)),
            "Largest request; a larger one ends its call with RESOURCE_EXHAUSTED, and one of more than twice as much is cut off unread."
        )
        Member.value(
            "maximumStreams",
            \.maximumStreams,
            .integer(in: 1...100_000),
            "Calls at a time on one connection."
        )
        Member.value(
            "maximumCalls",
            \.maximumCalls,
            .integer(in: 1...1_000_000),
            "Calls at a time of all connections together; one more is refused with RESOURCE_EXHAUSTED."
        )
        Member.value(
            "maximumWaitingBytes",
            \.maximumWaitingBytes,
            .byteSize(in: 64 << 10...(1 << 30)),
            "Events that wait in memory for the subscribers of the same filters; then the slowest lose the oldest."
        )
        Member.value(
            "maximumSubscriptions",
            \.maximumSubscriptions,
            .integer(in: 1...100_000),
            "Durable subscriptions of all clients together."
        )
        Member.value(
            "subscriptionStreamSize",
            \.subscriptionStreamBytes,
            .byteSize(in: 1 << 20...(1 << 40)),
            "Disk space of a stream that is made for a durable subscription which no configured stream covers."
        )
        Member.value("threads", \.threads, .integer(in: 1...64), "Threads that move bytes.")
    }

    @MemberList<RPCSettings> private static var connections: [Member<RPCSettings>] {
        Member.value(
            "maximumConnectionAge",
            \.maximumConnectionAge,
            .optional(.duration(in: .seconds(1)...(.seconds(86_400 * 30)))),
            "A connection that is older is asked to go; not set, it may stay.",
            example: "1h"
        )
        Member.value(
            "connectionAgeGrace",
            \.connectionAgeGrace,
            .duration(in: .seconds(1)...(.seconds(86_400))),
            "How long its calls may then take to end."
        )
        Member.value(
            "idleTimeout",
            \.idleTimeout,
            .duration(in: .seconds(1)...(.seconds(86_400))),
            "A connection without calls is closed after this."
        )
        Member.value(
            "keepaliveTime",
            \.keepaliveTime,
            .duration(in: .seconds(1)...(.seconds(86_400))),
            "Silence after which a client is asked whether it is still there."
        )
        Member.value(
            "keepaliveTimeout",
            \.keepaliveTimeout,
            .duration(in: .milliseconds(100)...(.seconds(3_600))),
            "How long its answer may take; then its calls end."
        )
        Member.value(
            "minimumPingInterval",
            \.minimumPingInterval,
            .duration(in: .milliseconds(10)...(.seconds(3_600))),
            "A client that asks more often than this is sent away."
        )
    }

    fileprivate var listen: HTTPAddress {
        get { HTTPAddress(host: host, port: port) }
        set { (host, port) = (newValue.host, newValue.port) }
    }

    private static func fits(_ settings: RPCSettings, _ path: String, _ problems: inout Decoding) {
        let tls = settings.tls
        if tls.certificateFile == nil, tls.keyFile != nil || tls.clientCAFile != nil {
            problems.problem(
                with: "\(path).tls.certificateFile",
                "found none, expected the server's certificate with the other keys of tls"
            )
        }
    }
}

extension RPCSettings.TLS {
    static let schema = Schema<RPCSettings.TLS> {
        Member.value(
            "certificateFile",
            \.certificateFile,
            .optional(.path("the path of a PEM file")),
            "The server's certificate, then those between it and the root.",
            example: "/etc/weir/site.pem"
        )
        Member.value(
            "keyFile",
            \.keyFile,
            .optional(.path("the path of a PEM file")),
            "The private key; not set, it is looked for in certificateFile.",
            example: "/etc/weir/site.key"
        )
        Member.value(
            "clientCAFile",
            \.clientCAFile,
            .optional(.path("the path of a PEM file")),
            "Authorities whose client certificates are good; with it a client without one is turned away.",
            example: "/etc/weir/clients.pem"
        )
        Member.value(
            "usernameFrom",
            \.usernameFrom,
            .optional(.choice),
            "Which part of a client's certificate is its username; then no password is asked.",
            reload: .live,
            example: "commonName"
        )
    }
}
