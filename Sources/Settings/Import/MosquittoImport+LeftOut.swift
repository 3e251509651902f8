extension MosquittoImport {
    /// What mosquitto 2.0 knows and Weir has no key for, with what an operator should know instead.
    static let leftOut: [String: String] = [
        "allow_duplicate_messages":
            "each client gets a message once per publish, overlapping subscriptions or not",
        "auth_plugin":
            "plugins are not carried over; passwords, certificates, tokens and roles are under access",
        "auth_plugin_deny_special_chars": "plugins are not carried over",
        "auto_id_prefix": "assigned client identifiers begin with \"weir-\"",
        "autosave_interval": "not needed: what is acknowledged is on disk",
        "autosave_on_changes": "not needed: what is acknowledged is on disk",
        "bind_interface": "not carried over; name the interface's address in the listener's url",
        "check_retain_source": "the publisher's rights are checked when it publishes",
        "clientid_prefixes": "not carried over; rules with %c tell clients apart",
        "connection_messages": "connections are logged at debug",
        "dhparamfile": "not needed: libssl chooses",
        "global_max_clients": "not carried over; each listener has maximumConnections",
        "global_max_connections": "not carried over; each listener has maximumConnections",
        "http_dir": "files are not served",
        "log_facility": "log lines go to standard error",
        "log_timestamp": "every line has the time",
        "log_timestamp_format": "every line has the time in RFC 3339",
        "max_inflight_bytes": "not carried over; access.quotas.inFlight bounds the messages in flight",
        "memory_limit": "not carried over; every queue has a limit of its own, under mqtt and access.quotas",
        "mount_point": "NOT carried over: clients of this listener would share topics with the others",
        "password_file_plaintext": "not carried over; \"weir passwd -U\" hashes such a file",
        "per_listener_settings":
            "anonymous access is per listener; password, rule and key files serve all listeners",
        "persistence_file": "not needed: the data directory holds everything",
        "pid_file": "the process number is in weir.lock in the data directory",
        "plugin": "plugins are not carried over; passwords, certificates, tokens and roles are under access",
        "set_tcp_nodelay": "not needed: always on",
        "socket_domain": "not carried over; the address in the listener's url decides",
        "store_clean_interval": "not needed",
        "retry_interval": "not needed: MQTT resends when a client returns",
        "tls_engine": "not carried over; a provider of libcrypto can be named in openssl.cnf",
        "tls_engine_kpass_sha1": "not carried over",
        "tls_keyform": "not carried over; keys are PEM files",
        "upgrade_outgoing_qos":
            "not carried over; a message has the lower of the published and the subscribed QoS",
        "use_username_as_clientid":
            "NOT carried over: a client could take another's session over by its identifier",
        "user": "not carried over; the service manager chooses the user",
        "websockets_log_level": "not needed",
    ]

    /// Directives that mean a bridge after a `connection` line.
    static let bridgeDirectives: Set<String> = [
        "address", "addresses", "topic", "cleansession", "clientid", "idle_timeout", "keepalive_interval",
        "local_clientid", "local_cleansession", "local_password", "local_username", "notifications",
        "notifications_local_only", "notification_topic", "password", "remote_clientid", "remote_password",
        "remote_username", "restart_timeout", "round_robin", "start_type", "threshold", "try_private",
        "username",
    ]
}
