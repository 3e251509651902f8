import Gateway
import Reactor
import Testing

@Suite struct ListenerURLTests {
    struct Good: CustomTestStringConvertible, Sendable {
        let url: String
        let check: @Sendable (ListenerSettings) -> Bool
        var testDescription: String { url }
    }

    static let good = [
        Good(url: "tcp://127.0.0.1:1883") {
            $0.address == .network(host: "127.0.0.1", port: 1883) && $0.tls == nil && $0.webSocket == nil
                && $0.name == "tcp://127.0.0.1:1883"
        },
        Good(url: "tcp://localhost") { $0.address == .network(host: "localhost", port: 1883) },
        Good(url: "TCP://*:0") { $0.address == .network(host: "", port: 0) && $0.name == "tcp://*:0" },
        Good(url: "tcp://:1884") { $0.address == .network(host: "", port: 1884) },
        Good(url: "mqtt://[::1]:1884") {
            $0.address == .network(host: "::1", port: 1884) && $0.name == "tcp://[::1]:1884"
        },
        Good(url: "tls://[::]?cert=/etc/edge.pem&key=/etc/edge%20key.pem&psk=on") {
            $0.address == .network(host: "::", port: 8883) && $0.tls?.certificateFile == "/etc/edge.pem"
                && $0.tls?.keyFile == "/etc/edge key.pem" && $0.tls?.preSharedKeys == true
                && $0.tls?.applicationProtocols == ["mqtt"]
        },
        Good(url: "mqtts://h:1?client-cert=required&ca=a&crl=b&min-version=1.3&resumption=no&alpn=x") {
            $0.tls?.clientCertificate == .required && $0.tls?.caFile == "a" && $0.tls?.crlFile == "b"
                && $0.tls?.minimumVersion == .tls13 && $0.tls?.sessionResumption == false
                && $0.tls?.applicationProtocols == ["mqtt", "x"]
        },
        Good(url: "ws://host") {
            $0.address == .network(host: "host", port: 8083) && $0.webSocket?.path == "/mqtt"
        },
        Good(url: "ws://host:9/bus?origin=https://a.example&origin=https://b.example") {
            $0.webSocket?.path == "/bus"
                && $0.webSocket?.origins == ["https://a.example", "https://b.example"]
        },
        Good(url: "wss://host?cert=a&any-path") {
            $0.address == .network(host: "host", port: 8084) && $0.webSocket?.path == nil
                && $0.tls?.applicationProtocols == ["http/1.1"]
        },
        Good(url: "unix:///run/weir.sock?mode=0660&name=local") {
            $0.address == .unix(path: "/run/weir.sock") && $0.mode == 0o660 && $0.name == "local"
        },
        Good(
            url:
                "tcp://h?max-connections=5&max-packet-size=1000&connect-rate=7&handshake-timeout=3s&backlog=9"
                + "&anonymous=no&proxy=v2&proxies=10.0.0.0/8&proxies=::1"
        ) {
            $0.maximumConnections == 5 && $0.maximumPacketSize == 1000 && $0.connectRate == 7
                && $0.handshakeTimeout == .seconds(3) && $0.backlog == 9 && $0.allowAnonymous == false
                && $0.proxyProtocol == .v2 && $0.proxies == ["10.0.0.0/8", "::1"]
        },
    ]

    @Test(arguments: good) func reads(_ testCase: Good) throws {
        let settings = try ListenerURL.parse(testCase.url)
        #expect(testCase.check(settings), "\(settings)")
    }

    @Test(
        arguments: [
            ("127.0.0.1:1883", "a URL such as"),
            ("http://127.0.0.1", "the scheme \"http\" is unknown"),
            ("tcp://::1:1883", "an IPv6 address goes in brackets"),
            ("tcp://[::1:1883", "no closing bracket"),
            ("tcp://[::1]1883", "a port is expected behind the bracket"),
            ("tcp://h:65536", "a port from 0 to 65535 is expected, found \"65536\""),
            ("tcp://h:", "a port from 0 to 65535"),
            ("tcp://h:+5", "a port from 0 to 65535"),
            ("tcp://h/mqtt", "a path (\"/mqtt\") is for ws and wss only"),
            ("unix://run/weir.sock", "an absolute path is expected"),
            ("tcp://h?colour=red", "the option \"colour\" is unknown; known are "),
            ("tcp://h?cert=a", "this is for tls and wss only"),
            ("tls://h?cert=", "a value is expected"),
            ("tls://h?cert=a&cert=b", "the option \"cert\" is given twice"),
            ("tls://h?client-cert=maybe", "none, optional or required is expected"),
            ("tcp://h?max-connections=0", "a number from 1 to 16777216 is expected"),
            ("tcp://h?anonymous=perhaps", "true or false is expected"),
            ("tcp://h?mode=0660", "a mode is for unix only"),
            ("unix:///a?mode=0888", "an octal mode such as 0660 is expected"),
            ("tcp://h?proxies=10.0.0.0/33", "an address or a network"),
            ("tcp://h?name=%4", "two hexadecimal digits are expected"),
        ])
    func `what is wrong is said with the URL`(url: String, text: String) throws {
        let error = try #require(throws: ListenerError.self) { try ListenerURL.parse(url) }
        #expect(error.description.contains(text), "\(error)")
        #expect(error.description.contains(url))
    }
}

@Suite struct AddressRangeTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
            ("fe80::/9", "fec0::1", true), ("fe80::/10", "fec0::1", false),
            ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
            ("::1", "::1", true), ("::/0", "10.0.0.1", true),
        ])
    func contains(range: String, address: String, isInside: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(SocketAddress(literal: address, port: 1))
        #expect(range.contains(address) == isInside)
    }

    @Test(arguments: ["", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/33", "::/129", "host/8"])
    func `what is no network is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
