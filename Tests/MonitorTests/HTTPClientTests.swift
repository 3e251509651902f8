import Monitor
import Testing

@Suite struct HTTPClientTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"), ("localhost:1", "localhost:1"),
            ("http://[::1]:9/metrics", "[::1]:9"), ("https://a:1", nil), ("a", nil), ("a:0", nil),
            (":1", nil),
            ("a:70000", nil), ("", nil),
        ] as [(String, String?)]
    )
    func `addresses are read`(_ text: String, _ expected: String?) {
        #expect(HTTPClient.Address(text)?.description == expected)
    }

    @Test func `a server that is not there is told, with its address`() throws {
        let client = HTTPClient(try #require(HTTPClient.Address("127.0.0.1:1")))
        let failure = #expect(throws: HTTPClient.Failure.self) { try client.get("/metrics") }
        #expect(failure?.description == "127.0.0.1:1 cannot be reached: Connection refused")
    }
}
