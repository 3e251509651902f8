package import Access
package import BusStorage
package import EventBus
package import Gateway
package import HTTPGateway
package import RPCBridge
package import MECServices
package import RESTGateway
package import RadioFeed
package import Streams
package import Supervision
package import Uplink

/// Everything that can be configured, as one value. Each part is the struct of the code that it configures.
package struct WeirSettings: Sendable {
    /// Where everything is kept; one server per directory.
    package var dataDirectory = "./weir-data"
    /// How long SIGTERM waits for clients to be told and sessions to be saved.
    package var drainTimeout = Duration.seconds(10)
    package var log = LogSettings()
    package var listeners = ListenerEntry.standard
    package var mqtt = BusSettings()
    /// Its directory is set from ``dataDirectory`` by whoever opens it.
    package var storage = StorageSettings(directory: "")
    /// Topics whose history is kept for replay.
    package var streams: [StreamConfiguration] = []
    package var access = AccessSettings()
    package var gateway = GatewaySettings()
    package var http = HTTPSettings()
    package var rpc = RPCSettings()
    package var rest = RESTSettings()
    package var services = ServicesSettings()
    package var radio = RadioFeedSettings()
    package var uplink = UplinkSettings()

    package init() {}
}

extension WeirSettings {
    /// Every key there is.
    package static let schema = Schema<WeirSettings> {
        Member.value(
            "dataDirectory",
            \.dataDirectory,
            .path("the path of a directory"),
            """
            Where sessions, queued and retained messages are kept. Made if it is not there; one server per directory. \
            Under systemd the default is the first of $STATE_DIRECTORY.
            """
        )
        Member.value(
            "drainTimeout",
            \.drainTimeout,
            .duration(in: .zero...(.seconds(600))),
            """
            How long SIGTERM waits for clients to be told (DISCONNECT 0x8B) and for sessions to be saved, before the \
            server leaves all the same.
            """,
            reload: .live
        )
        Member.group("log", \.log, LogSettings.schema, "Log lines, on standard error.")
        Member.list(
            "listeners",
            \.listeners,
            of: ListenerEntry.schema,
            template: ListenerEntry.template,
            countMax: 256,
            "Where clients connect. Without this list: tcp://127.0.0.1:1883 and ws://127.0.0.1:8083/mqtt."
        )
        Member.group("mqtt", \.mqtt, BusSettings.schema, "The broker, in MQTT's own terms.")
        Member.group("storage", \.storage, StorageSettings.schema, "What must outlive the process.")
        Member.list(
            "streams",
            \.streams,
            of: StreamConfiguration.schema,
            template: StreamConfiguration.template,
            countMax: 64,
            "Durable streams: topics whose history is kept for replay by cursor or time."
        )
        Member.group("access", \.access, AccessSettings.schema, "Who may do what.")
        Member.group(
            "gateway",
            \.gateway,
            GatewaySettings.schema,
            "Threads and limits of all listeners together."
        )
        Member.group("rpc", \.rpc, RPCSettings.schema, "The bus over gRPC.")
        Member.group("http", \.http, HTTPSettings.schema, "Health, metrics and the APIs over HTTP.")
        Member.group("rest", \.rest, RESTSettings.schema, "The ETSI APIs over HTTP: MEC 011, 012 and 013.")
        Member.group("services", \.services, ServicesSettings.schema, "The MEC services.")
        Member.group(
            "radio",
            \.radio,
            RadioFeedSettings.schema,
            "Where the services' radio facts come from. Any number of sources may run beside each other."
        )
        Member.group(
            "uplink",
            \.uplink,
            UplinkSettings.schema,
            "The way to the cloud: what goes there, and how."
        )
    }

    package static let loader = Loader(schema: schema, defaults: WeirSettings())
}
