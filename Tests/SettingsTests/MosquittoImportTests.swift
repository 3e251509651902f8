import Settings
import Testing

@Suite struct MosquittoImportTests {
    private func convert(_ text: String, files: [String: String] = [:]) throws -> MosquittoImport {
        struct Missing: Error {}
        let all = files.merging(["m.conf": text]) { $1 }
        let file = try MosquittoFile(
            path: "m.conf",
            read: { path in
                guard let text = all[path] else { throw Missing() }
                return text
            },
            list: { directory in all.keys.filter { $0.hasPrefix("\(directory)/") } }
        )
        return MosquittoImport(file)
    }

    /// What the settings made from `text` mean to Weir.
    private func settings(_ text: String) throws -> WeirSettings {
        try WeirSettings.loader.load(file: (try convert(text).yaml, "weir.yaml")).settings
    }

    @Test func `a usual configuration becomes settings that say where they come from`() throws {
        let result = try convert(
            """
            # A site
            per_listener_settings false
            persistence true
            persistence_location /var/lib/mosquitto/
            password_file /etc/mosquitto/passwd
            acl_file /etc/mosquitto/acl
            allow_anonymous false
            max_keepalive 300
            max_inflight_messages 50
            max_queued_messages 0
            persistent_client_expiration 2w

            listener 1883
            max_packet_size 20000

            listener 8883 10.0.0.1
            certfile /etc/ssl/site.pem
            keyfile /etc/ssl/site.key
            cafile /etc/ssl/ca.pem
            require_certificate true
            use_identity_as_username true
            tls_version tlsv1.3

            listener 9001
            protocol websockets
            listener 0 /run/mosquitto.sock
            """
        )
        #expect(
            result.yaml == """
                # Made by "weir import"; "weir config sample" explains every key.
                #
                # Not, or not exactly, carried over:
                #   m.conf:2: per_listener_settings: anonymous access is per listener; password, rule and key files serve all listeners
                #   m.conf:4: persistence_location: used as the data directory; mosquitto.db itself is not read: sessions and retained messages start anew

                dataDirectory: /var/lib/mosquitto/  # m.conf:4
                access:
                  passwordFile: /etc/mosquitto/passwd  # m.conf:5
                  rulesFile: /etc/mosquitto/acl  # m.conf:6
                  allowAnonymous: false  # m.conf:7
                  quotas:
                    inFlight: 50  # m.conf:9
                    queuedMessages: 4294967295  # m.conf:10
                mqtt:
                  keepAliveMaximum: 300s  # m.conf:8
                  receiveMaximum: 50  # m.conf:9
                  sessionExpiryMaximum: 14d  # m.conf:11
                listeners:
                  - url: "tcp://0.0.0.0:1883"  # m.conf:13
                    maximumPacketSize: 20000  # m.conf:14
                  - url: "tls://10.0.0.1:8883"  # m.conf:16
                    tls:
                      certificateFile: /etc/ssl/site.pem  # m.conf:17
                      keyFile: /etc/ssl/site.key  # m.conf:18
                      caFile: /etc/ssl/ca.pem  # m.conf:19
                      clientCertificate: required  # m.conf:20
                      minimumVersion: 1.3  # m.conf:22
                    usernameFrom: commonName  # m.conf:21
                  - url: "ws://0.0.0.0:9001"  # m.conf:24
                  - url: "unix:///run/mosquitto.sock"  # m.conf:26

                """
        )
    }

    @Test func `what was imported is good for Weir and means the same`() throws {
        let settings = try settings(
            """
            listener 8883
            certfile a.pem
            keyfile a.key
            require_certificate true
            use_subject_as_username true
            max_packet_size 20000
            max_connections 7
            listener 9001
            protocol websockets
            max_queued_bytes 0
            max_inflight_messages 0
            message_size_limit 1000
            """
        )
        #expect(settings.listeners.map(\.gateway.url) == ["tls://0.0.0.0:8883", "ws://0.0.0.0:9001/mqtt"])
        #expect(settings.listeners[0].gateway.tls?.clientCertificate == .required)
        #expect(settings.listeners[0].gateway.maximumConnections == 7)
        #expect(settings.listeners[0].gateway.maximumPacketSize == 20_000)
        #expect(settings.listeners[0].usernameFrom == .subject)
        #expect(settings.listeners[1].gateway.maximumPacketSize == 70_632)
        #expect(settings.access.allowAnonymous == false)
        #expect(settings.access.quotas.inFlight == 65_535)
    }

    @Test func `bridges, plugins and unknown lines are told with file and line`() throws {
        let result = try convert(
            """
            connection cloud
            address cloud.example:8883
            topic # out 1
            bridge_cafile /etc/ssl/ca.pem
            username site
            listener 1884
            mount_point tenant/
            plugin /usr/lib/auth.so
            plugin_opt_file x
            max_pakets 4
            """
        )
        #expect(
            result.notes.map {
                "\($0)".prefix { $0 != ":" } + ":"
                    + "\($0)".split(separator: ":")[1...2].joined(separator: ":")
            }
                == [
                    "m.conf:1: connection", "m.conf:7: mount_point", "m.conf:8: plugin",
                    "m.conf:10: max_pakets",
                ]
        )
        #expect(result.yaml.contains("#   m.conf:7: mount_point: NOT carried over"))
    }

    @Test func `included files are read in order, with their own names`() throws {
        let result = try convert(
            "include_dir conf.d\nmaximum_qos 1\n",
            files: [
                "conf.d/b.conf": "bogus 1\n", "conf.d/a.conf": "sys_interval 5\n", "conf.d/note.txt": "no",
            ]
        )
        #expect(result.settings.text(at: "mqtt.sysInterval") == "5s")
        #expect(result.settings.text(at: "mqtt.maximumQoS") == "1")
        #expect(
            result.notes.map(\.description) == [
                "conf.d/b.conf:1: bogus: not known to mosquitto 2.0, so not carried over"
            ]
        )
    }

    @Test func `a directory that includes itself comes to an end`() throws {
        _ = try convert("include_dir d\n", files: ["d/a.conf": "include_dir d\n"])
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let key: String
        let value: String?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "no listener: this machine only, as mosquitto 2 does",
            text: "",
            key: "listeners[0].url",
            value: "tcp://127.0.0.1:1883"
        ),
        Case(
            name: "no listener: anybody on this machine",
            text: "",
            key: "access.allowAnonymous",
            value: nil
        ),
        Case(
            name: "a listener: nobody without a name, as mosquitto 2 does",
            text: "listener 1883",
            key: "access.allowAnonymous",
            value: "false"
        ),
        Case(
            name: "port is the default listener",
            text: "port 1884\nbind_address 10.0.0.2\n",
            key: "listeners[0].url",
            value: "tcp://10.0.0.2:1884"
        ),
        Case(
            name: "an IPv6 address gets brackets",
            text: "listener 1883 ::1",
            key: "listeners[0].url",
            value: "tcp://[::1]:1883"
        ),
        Case(
            name: "TLS over WebSocket",
            text: "listener 443\nprotocol websockets\ncertfile a.pem\n",
            key: "listeners[0].url",
            value: "wss://0.0.0.0:443"
        ),
        Case(
            name: "a key without certificate is no TLS",
            text: "listener 1883\ncafile a.pem\n",
            key: "listeners[0].tls.caFile",
            value: nil
        ),
        Case(
            name: "pre-shared keys",
            text: "listener 8883\npsk_hint site\npsk_file keys\n",
            key: "listeners[0].tls.preSharedKeys",
            value: "true"
        ),
        Case(
            name: "per-listener anonymous access",
            text: "per_listener_settings true\nlistener 1883\nallow_anonymous true\nlistener 1884\n",
            key: "listeners[0].allowAnonymous",
            value: "true"
        ),
        Case(
            name: "no persistence",
            text: "persistence false",
            key: "storage.durability",
            value: "memory"
        ),
        Case(
            name: "the most talkative log type wins",
            text: "log_type error\nlog_type notice\nlog_type warning\n",
            key: "log.level",
            value: "notice"
        ),
        Case(
            name: "no limit of the packet size",
            text: "max_packet_size 0",
            key: "listeners[0].maximumPacketSize",
            value: "256MiB"
        ),
        Case(
            name: "the lower of two limits of the packet size, before",
            text: "max_packet_size 3000\nmessage_size_limit 1000",
            key: "listeners[0].maximumPacketSize",
            value: "3000"
        ),
        Case(
            name: "the lower of two limits of the packet size, behind",
            text: "message_size_limit 1000\nmax_packet_size 3000",
            key: "listeners[0].maximumPacketSize",
            value: "3000"
        ),
        Case(
            name: "unlimited connections are left at the default",
            text: "listener 1883\nmax_connections -1",
            key: "listeners[0].maximumConnections",
            value: nil
        ),
        Case(
            name: "in flight without limit",
            text: "max_inflight_messages 0",
            key: "access.quotas.inFlight",
            value: "65535"
        ),
        Case(
            name: "no expiry unit",
            text: "persistent_client_expiration 5",
            key: "mqtt.sessionExpiryMaximum",
            value: nil
        ),
    ]

    @Test(arguments: cases)
    func `a directive is carried over by its meaning`(_ testCase: Case) throws {
        #expect(try convert(testCase.text).settings.text(at: testCase.key) == testCase.value)
    }
}
