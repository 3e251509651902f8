import Telemetry

/// Every metric of the bus, its gateway and its storage. Labels come from fixed sets.
enum BusMetricNames {
    static let clients = MetricDefinition("weir_clients", .gauge, "Clients connected.")
    static let sessions = MetricDefinition("weir_sessions", .gauge, "Sessions, connected or not.")
    static let subscriptions = MetricDefinition(
        "weir_subscriptions",
        .gauge,
        "Subscriptions of all sessions."
    )

    static let waiting = MetricDefinition(
        "weir_messages_waiting",
        .gauge,
        "Messages in memory that wait for their subscriber; what waits on disk only is not counted."
    )
    static let retained = MetricDefinition("weir_retained_messages", .gauge, "Retained messages.")

    static let connections = MetricDefinition(
        "weir_connections_opened_total",
        .counter,
        "Connections that came as far as the broker."
    )
    static let connectionsClosed = MetricDefinition(
        "weir_connections_closed_total",
        .counter,
        "Connections that ended."
    )
    static let refused = MetricDefinition(
        "weir_connections_refused_total",
        .counter,
        labels: ["reason"],
        "Connections turned away, by why."
    )
    static let takenOver = MetricDefinition(
        "weir_clients_taken_over_total",
        .counter,
        "Connections closed because the same client came again."
    )
    static let keepAlive = MetricDefinition(
        "weir_keep_alive_timeouts_total",
        .counter,
        "Connections closed because the client was silent for too long."
    )

    static let packets = MetricDefinition("weir_packets_received_total", .counter, "MQTT packets received.")
    static let received = MetricDefinition("weir_received_bytes_total", .counter, "Bytes of MQTT received.")
    static let sent = MetricDefinition("weir_sent_bytes_total", .counter, "Bytes of MQTT sent.")
    static let messages = MetricDefinition(
        "weir_messages_received_total",
        .counter,
        labels: ["qos"],
        "Messages that clients published."
    )
    static let payload = MetricDefinition(
        "weir_messages_received_bytes_total",
        .counter,
        "Bytes of payload that clients published."
    )
    static let delivered = MetricDefinition(
        "weir_messages_delivered_total",
        .counter,
        "Messages sent to subscribers."
    )
    static let deliveredPayload = MetricDefinition(
        "weir_messages_delivered_bytes_total",
        .counter,
        "Bytes of payload sent to subscribers."
    )
    static let queued = MetricDefinition(
        "weir_messages_queued_total",
        .counter,
        "Messages that had to wait for their subscriber."
    )
    static let dropped = MetricDefinition(
        "weir_messages_dropped_total",
        .counter,
        labels: ["reason"],
        "Messages that a subscriber did not get, by why."
    )
    static let unwanted = MetricDefinition(
        "weir_messages_unwanted_total",
        .counter,
        "Messages published that nobody subscribes to."
    )
    static let wills = MetricDefinition("weir_wills_published_total", .counter, "Will messages published.")
    static let expired = MetricDefinition(
        "weir_sessions_expired_total",
        .counter,
        "Sessions that outlived their time."
    )

    static let requestsRefused = MetricDefinition(
        "weir_requests_refused_total",
        .counter,
        labels: ["reason"],
        "Publishes and subscriptions refused, by why."
    )
    static let protocolErrors = MetricDefinition(
        "weir_protocol_errors_total",
        .counter,
        labels: ["kind"],
        "Connections ended because of what the client sent."
    )

    static let routes = MetricDefinition(
        "weir_route_lookups_total",
        .counter,
        labels: ["result"],
        "Lookups of who wants a topic: remembered or not."
    )
    static let mail = MetricDefinition(
        "weir_shard_mail_total",
        .counter,
        labels: ["direction"],
        "Messages handed between shards."
    )
}

enum GatewayMetricNames {
    static let accepted = MetricDefinition(
        "weir_sockets_accepted_total",
        .counter,
        "Sockets accepted by listeners."
    )
    static let pauses = MetricDefinition(
        "weir_connect_rate_pauses_total",
        .counter,
        "Times that a listener waited because of its connectRate."
    )
    static let tls = MetricDefinition(
        "weir_tls_handshakes_total",
        .counter,
        labels: ["kind"],
        "TLS handshakes that succeeded."
    )
    static let authentications = MetricDefinition(
        "weir_authentications_total",
        .counter,
        "Clients whose credentials were checked on a worker thread."
    )
    static let moved = MetricDefinition(
        "weir_connections_moved_total",
        .counter,
        "Connections handed to the shard that has their session."
    )
    static let stalls = MetricDefinition(
        "weir_shard_mail_stalls_total",
        .counter,
        "Times that a shard waited for another to read its mail."
    )
    static let linger = MetricDefinition(
        "weir_linger_timeouts_total",
        .counter,
        "Connections closed before the client had read our last words."
    )
    static let turns = MetricDefinition("weir_reactor_turns_total", .counter, "Turns of the shards' loops.")
    static let systemCalls = MetricDefinition(
        "weir_reactor_system_calls_total",
        .counter,
        labels: ["call"],
        "System calls of the shards' loops."
    )
    static let withoutDescriptor = MetricDefinition(
        "weir_sockets_without_descriptor_total",
        .counter,
        "Sockets closed at once because the process had no file descriptor left."
    )
    static let acceptFailures = MetricDefinition(
        "weir_accept_failures_total",
        .counter,
        "Calls of accept that failed."
    )
}

enum StorageMetricNames {
    static let bytes = MetricDefinition("weir_storage_bytes", .gauge, "Bytes of journal on the disk.")
    static let maximum = MetricDefinition("weir_storage_maximum_bytes", .gauge, "storage.maximumBytes.")
    static let segments = MetricDefinition("weir_storage_segments", .gauge, "Segment files of the journal.")
    static let staged = MetricDefinition("weir_storage_staged_bytes", .gauge, "Bytes that wait for a commit.")
    static let records = MetricDefinition("weir_storage_records_total", .counter, "Records appended, ever.")
    static let commits = MetricDefinition(
        "weir_storage_commits_total",
        .counter,
        "Group commits of the shards' journals; with durability fsync each is one sync."
    )
    static let streamBytes = MetricDefinition(
        "weir_stream_bytes",
        .gauge,
        labels: ["stream"],
        "Bytes of a durable stream on the disk."
    )
    static let streamDropped = MetricDefinition(
        "weir_stream_dropped_total",
        .counter,
        labels: ["stream"],
        "Events that a stream's limits dropped before every cursor had passed them."
    )
    static let streamOpen = MetricDefinition(
        "weir_stream_open",
        .gauge,
        labels: ["stream"],
        "1 while the stream's log keeps its promises, 0 while nothing on it is acknowledged."
    )
    static let state = MetricDefinition(
        "weir_storage_state",
        .gauge,
        labels: ["state"],
        "Journals in each state; in any but open, nothing is acknowledged."
    )
}

enum RESTMetricNames {
    static let delivered = MetricDefinition(
        "weir_notifications_delivered_total",
        .counter,
        "Notifications that callback URLs and WebSockets took."
    )
    static let retries = MetricDefinition(
        "weir_notifications_retried_total",
        .counter,
        "Attempts to deliver a notification beyond the first."
    )
    static let deadLetters = MetricDefinition(
        "weir_notifications_dead_total",
        .counter,
        "Notifications given up after the last attempt, or pushed out of a full queue."
    )
    static let subscriptions = MetricDefinition(
        "weir_rest_subscriptions",
        .gauge,
        "Subscriptions of the radio network service and the registry."
    )
    static let applications = MetricDefinition("weir_applications", .gauge, "Applications registered.")
    static let services = MetricDefinition("weir_registered_services", .gauge, "Services in the registry.")
}

enum ServiceMetricNames {
    static let published = MetricDefinition(
        "weir_service_messages_total",
        .counter,
        labels: ["service"],
        "Messages that a MEC service handed to the bus."
    )
    static let dropped = MetricDefinition(
        "weir_service_messages_dropped_total",
        .counter,
        labels: ["service"],
        "Events of a MEC service that the bus had no room for."
    )
    static let restarts = MetricDefinition(
        "weir_service_restarts_total",
        .counter,
        labels: ["service"],
        "Times that a MEC service failed and was started anew."
    )
    static let skipped = MetricDefinition(
        "weir_radio_batches_skipped_total",
        .counter,
        "Batches of radio facts that a MEC service missed because it hung."
    )
    static let shapingChanges = MetricDefinition(
        "weir_traffic_control_changes_total",
        .counter,
        "Times that the kernel's queues were changed for bandwidth allocations."
    )
    static let shapingFailures = MetricDefinition(
        "weir_traffic_control_failures_total",
        .counter,
        "Times that an interface could not be made to keep its bandwidth allocations."
    )
    static let facts = MetricDefinition(
        "weir_radio_facts_total",
        .counter,
        "Radio facts that the services took."
    )
    static let refusals = MetricDefinition(
        "weir_radio_refusals_total",
        .counter,
        "Times that a radio source had to wait for a service."
    )
    static let messagesDropped = MetricDefinition(
        "weir_radio_messages_dropped_total",
        .counter,
        "Messages of xApps and phones dropped because the services were behind."
    )
    static let warnings = MetricDefinition(
        "weir_radio_warnings_total",
        .counter,
        labels: ["reason"],
        "What radio sources said and was not believed, by why."
    )
}
