import Gateway
import Settings
import Testing

/// Listeners as the settings file has them.
@Suite struct ListenerEntryTests {
    private func load(_ yaml: String, flags: [String] = []) throws -> [ListenerEntry] {
        try WeirSettings.loader.load(file: (yaml, "weir.yaml"), flags: flags).settings.listeners
    }

    @Test func `without settings there are a TCP and a WebSocket listener on loopback`() throws {
        #expect(try load("").map(\.gateway.url) == ["tcp://127.0.0.1:1883", "ws://127.0.0.1:8083/mqtt"])
    }

    @Test func `keys refine what the URL says, wherever they stand`() throws {
        let listeners = try load(
            """
            listeners:
              - maximumPacketSize: 64KiB
                tls:
                  certificateFile: a.pem
                  minimumVersion: 1.3
                url: tls://[::]:8883?max-packet-size=100&key=a.key
                name: plant
                usernameFrom: subjectAltName
              - url: unix:///run/weir.sock
                mode: "0660"
              - url: ws://127.0.0.1:8083
                webSocket: {path: null, origins: ["https://a.example"]}
            """
        )
        #expect(
            listeners.map(\.gateway.name) == ["plant", "unix:///run/weir.sock", "ws://127.0.0.1:8083/mqtt"]
        )
        #expect(listeners[0].gateway.maximumPacketSize == 65_536)
        #expect(listeners[0].gateway.tls?.keyFile == "a.key")
        #expect(listeners[0].gateway.tls?.certificateFile == "a.pem")
        #expect(listeners[0].gateway.tls?.minimumVersion == .tls13)
        #expect(listeners[0].usernameFrom == .subjectAltName)
        #expect(listeners[1].gateway.mode == 0o660)
        #expect(listeners[2].gateway.webSocket?.path == nil)
        #expect(listeners[2].gateway.webSocket?.origins == ["https://a.example"])
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let yaml: String
        let expected: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "a URL that is none",
            yaml: "listeners:\n  - url: tcp://::1:1883\n",
            expected: """
                weir.yaml:2:10: listeners[0].url: listener "tcp://::1:1883": an IPv6 address goes in brackets, as in \
                tcp://[::1]:1883
                """
        ),
        Case(
            name: "no URL",
            yaml: "listeners:\n  - name: a\n",
            expected: """
                weir.yaml:2:5: listeners[0].url: not set, expected a URL: tcp://HOST:PORT, tls://, ws://, wss:// or \
                unix:///PATH; port 0 takes any free one
                """
        ),
        Case(
            name: "TLS without a certificate",
            yaml: "listeners:\n  - url: tls://127.0.0.1:8883\n",
            expected: """
                weir.yaml:2:5: listeners[0].tls.certificateFile: not set, expected the server's certificate (or \
                preSharedKeys: true) for tls://127.0.0.1:8883
                """
        ),
        Case(
            name: "TLS settings where there is no TLS",
            yaml: "listeners:\n  - url: tcp://127.0.0.1:1883\n    tls: {certificateFile: a.pem}\n",
            expected: """
                weir.yaml:3:10: listeners[0].tls: found TLS settings, expected them with tls:// or wss:// only
                """
        ),
        Case(
            name: "WebSocket settings where there is none",
            yaml: "listeners:\n  - url: tcp://127.0.0.1:1883\n    webSocket: {path: /x}\n",
            expected: """
                weir.yaml:3:16: listeners[0].webSocket: found WebSocket settings, expected them with ws:// or wss:// \
                only
                """
        ),
        Case(
            name: "a mode that is none",
            yaml: "listeners:\n  - url: unix:///a\n    mode: 999\n",
            expected: """
                weir.yaml:3:11: listeners[0].mode: found "999", expected an octal mode from 0 to 0777, such as 0660
                """
        ),
    ]

    @Test(arguments: cases)
    func `a mistake is told with its place`(_ testCase: Case) throws {
        let problems = try #require(throws: Problems.self) { _ = try load(testCase.yaml) }
        #expect(problems.description == testCase.expected)
    }
}
