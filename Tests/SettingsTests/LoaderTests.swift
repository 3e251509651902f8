import Settings
import Testing

@Suite struct LoaderTests {
    @Test func `an empty file gives the defaults`() throws {
        #expect(try TestSettings.load() == TestSettings())
        #expect(try TestSettings.load("# nothing\n") == TestSettings())
        #expect(try TestSettings.load("limits:\nlisteners:\nroles:\n") == TestSettings())
    }

    @Test func `every kind of value is read`() throws {
        let settings = try TestSettings.load(
            """
            dataDirectory: /var/lib/weir
            anonymous: yes
            password: "null"
            limits:
              maximumPacketSize: 64KiB
              keepAlive: 1.5s
              expiry: 2h
              policy: dropOldest
              publishRate: 6/m
            listeners:
              - url: tcp://127.0.0.1:1883
              - {url: "tls://0.0.0.0:8883", certificateFile: a.pem, keyFile: a.key, names: [x, y]}
            roles:
              sensor: {topics: "write a/#"}
              viewer:
                topics:
                  - read b/#
                  - read c/+
            """
        )
        var expected = TestSettings()
        expected.dataDirectory = "/var/lib/weir"
        expected.anonymous = true
        expected.password = "null"
        expected.limits.maximumPacketSize = 65_536
        expected.limits.keepAlive = .milliseconds(1_500)
        expected.limits.expirySeconds = 7_200
        expected.limits.policy = .dropOldest
        expected.limits.publishRate = 0.1
        expected.listeners = [
            .init(url: "tcp://127.0.0.1:1883"),
            .init(url: "tls://0.0.0.0:8883", certificateFile: "a.pem", keyFile: "a.key", names: ["x", "y"]),
        ]
        expected.roles = [
            .init(name: "sensor", topics: ["write a/#"]),
            .init(name: "viewer", topics: ["read b/#", "read c/+"]),
        ]
        #expect(settings == expected)
    }

    @Test func `flags win over the environment, which wins over the file`() throws {
        let yaml = "limits:\n  keepAlive: 1s\n  expiry: 1s\n  maximumPacketSize: 1KiB\n"
        let settings = try TestSettings.load(
            yaml,
            environment: ["WEIR_LIMITS_KEEP_ALIVE": "2s", "WEIR_LIMITS_EXPIRY": "2s", "HOME": "/"],
            flags: ["limits.keepAlive=3s"]
        )
        #expect(settings.limits.keepAlive == .seconds(3))
        #expect(settings.limits.expirySeconds == 2)
        #expect(settings.limits.maximumPacketSize == 1_024)
    }

    @Test func `flags reach into lists and maps, and may hold YAML`() throws {
        let settings = try TestSettings.load(
            "listeners:\n  - url: tcp://a\n",
            flags: [
                "listeners[0].keyFile=k", "listeners[1].url=tcp://b",
                "roles.r.topics=[\"read #\", \"write x\"]",
                "listeners[1].names=[]",
            ]
        )
        #expect(settings.listeners.map(\.url) == ["tcp://a", "tcp://b"])
        #expect(settings.listeners[0].keyFile == "k")
        #expect(settings.roles.map(\.name) == ["r"])
        #expect(settings.roles[0].topics == ["read #", "write x"])
    }

    @Test func `variables that Kubernetes sets beside a service called weir are left alone`() throws {
        let environment = [
            "WEIR_PORT": "tcp://10.0.0.1:1883", "WEIR_SERVICE_HOST": "10.0.0.1", "WEIR_CONFIG": "x",
        ]
        #expect(try TestSettings.load(environment: environment) == TestSettings())
    }

    @Test func `places tell where each key came from`() throws {
        let loaded = try TestSettings.loader.load(
            file: ("anonymous: true\nlimits:\n  policy: refuse\n", "w.yaml"),
            environment: ["WEIR_LIMITS_KEEP_ALIVE": "2s"],
            flags: ["dataDirectory=/x"]
        )
        #expect(loaded.places["limits.policy"] == .file("w.yaml", line: 3, column: 11))
        #expect(loaded.places["limits.keepAlive"] == .environment("WEIR_LIMITS_KEEP_ALIVE"))
        #expect(loaded.places["dataDirectory"] == .flag("--set dataDirectory"))
        #expect(loaded.places["password"] == nil)
    }

    @Test func `changes name each key, its values and whether a restart is needed`() throws {
        let old = try TestSettings.load("password: a\nlisteners:\n  - url: tcp://a\n")
        let new = try TestSettings.load(
            "password: b\nanonymous: true\nlisteners:\n  - url: tcp://b\n  - url: tcp://c\n"
        )
        let changes = TestSettings.schema.changes(from: old, to: new)
        #expect(changes.contains(.init(name: "anonymous", old: "false", new: "true", needsRestart: false)))
        #expect(
            changes.contains(.init(name: "password", old: "(secret)", new: "(secret)", needsRestart: true))
        )
        #expect(
            changes.contains(
                .init(name: "listeners[0].url", old: "\"tcp://a\"", new: "\"tcp://b\"", needsRestart: true)
            )
        )
        #expect(
            changes.contains(
                .init(name: "listeners[1].url", old: nil, new: "\"tcp://c\"", needsRestart: true)
            )
        )
        #expect(TestSettings.schema.changes(from: new, to: new).isEmpty)
    }
}
