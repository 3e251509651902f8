import Gateway
import Reactor
import Testing

@Suite struct ProxyHeaderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        /// `nil` where the header is refused.
        var header: ProxyHeader?
        var testDescription: String { name }
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    static func v2(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }

    private static func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
    }

    private static let four: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0x9C, 0x40, 0x07, 0x5B]
    private static let six: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9] + [UInt8](repeating: 0, count: 15)
        + [1]
        + [0x9C, 0x40, 0x22, 0xB3]
    private static let unix: [UInt8] =
        Array("/run/a".utf8) + [UInt8](repeating: 0, count: 102) + Array("/run/b".utf8)
        + [UInt8](repeating: 0, count: 102)
    private static let source = SocketAddress.ipv4(0xC000_0207, port: 40_000)
    private static let plain = ProxyHeader(source: source, destination: .ipv4(0x0A00_0001, port: 1883))

    private static func tls(flags: UInt8, verify: [UInt8], _ extensions: [UInt8]) -> [UInt8] {
        tlv(0x20, [flags] + verify + extensions)
    }

    private static func with(_ change: (inout ProxyHeader) -> Void) -> ProxyHeader {
        var header = plain
        change(&header)
        return header
    }

    static let cases = [
        Case(name: "v2 TCP over IPv4", bytes: v2(0x21, 0x11, four), header: plain),
        Case(
            name: "v2 TCP over IPv6",
            bytes: v2(0x21, 0x21, six),
            header: ProxyHeader(
                source: .ipv6(0x2001_0DB8_0000_0000, 9, scope: 0, port: 40_000),
                destination: .ipv6(0, 1, scope: 0, port: 8883)
            )
        ),
        Case(
            name: "v2 Unix",
            bytes: v2(0x21, 0x31, unix),
            header: ProxyHeader(source: .unix(path: "/run/a"), destination: .unix(path: "/run/b"))
        ),
        Case(name: "v2 LOCAL", bytes: v2(0x20, 0, []), header: ProxyHeader()),
        Case(name: "v2 LOCAL with addresses", bytes: v2(0x20, 0x11, four), header: ProxyHeader()),
        Case(name: "v2 unspecified family", bytes: v2(0x21, 0, []), header: ProxyHeader()),
        Case(
            name: "v2 UDP says nothing of this connection",
            bytes: v2(0x21, 0x12, four),
            header: ProxyHeader()
        ),
        Case(
            name: "v2 unknown extension",
            bytes: v2(0x21, 0x11, four + tlv(0xEA, [1, 2, 3])),
            header: plain
        ),
        Case(
            name: "v2 TLS with a verified certificate",
            bytes: v2(
                0x21,
                0x11,
                four
                    + tls(
                        flags: 7,
                        verify: [0, 0, 0, 0],
                        tlv(0x21, Array("TLSv1.3".utf8)) + tlv(0x22, Array("dev7".utf8))
                    )
            ),
            header: with {
                $0.isTLS = true
                $0.commonName = "dev7"
            }
        ),
        Case(
            name: "v2 TLS with a certificate that failed",
            bytes: v2(0x21, 0x11, four + tls(flags: 7, verify: [0, 0, 0, 1], tlv(0x22, Array("dev7".utf8)))),
            header: with { $0.isTLS = true }
        ),
        Case(
            name: "v2 TLS with a name but no certificate",
            bytes: v2(0x21, 0x11, four + tls(flags: 1, verify: [0, 0, 0, 0], tlv(0x22, Array("dev7".utf8)))),
            header: with { $0.isTLS = true }
        ),
        Case(
            name: "v2 a name with a zero byte",
            bytes: v2(
                0x21,
                0x11,
                four + tls(flags: 7, verify: [0, 0, 0, 0], tlv(0x22, Array("dev\0x".utf8)))
            ),
            header: with { $0.isTLS = true }
        ),
        Case(name: "v2 wrong checksum", bytes: v2(0x21, 0x11, four + tlv(3, [1, 2, 3, 4]))),
        Case(name: "v2 too short for IPv4", bytes: v2(0x21, 0x11, Array(four.dropLast()))),
        Case(name: "v2 too short for IPv6", bytes: v2(0x21, 0x21, four)),
        Case(name: "v2 an extension beyond the end", bytes: v2(0x21, 0x11, four + [0xEA, 0, 9, 1])),
        Case(name: "v2 half an extension", bytes: v2(0x21, 0x11, four + [0xEA, 0])),
        Case(name: "v2 unknown command", bytes: v2(0x22, 0x11, four)),
        Case(name: "v2 unknown family", bytes: v2(0x21, 0x41, four)),
        Case(name: "v2 another version", bytes: v2(0x11, 0x11, four)),
        Case(
            name: "v2 too long",
            bytes: v2(0x21, 0x11, four + tlv(0xEA, [UInt8](repeating: 0, count: 5_000)))
        ),
        Case(name: "v2 a broken signature", bytes: [0x0D, 0x0A, 0x0D, 0x0B]),
        Case(
            name: "v1 TCP4",
            bytes: Array("PROXY TCP4 192.0.2.7 10.0.0.1 40000 1883\r\n".utf8),
            header: plain
        ),
        Case(
            name: "v1 TCP6",
            bytes: Array("PROXY TCP6 2001:db8::9 ::1 40000 8883\r\n".utf8),
            header: ProxyHeader(
                source: .ipv6(0x2001_0DB8_0000_0000, 9, scope: 0, port: 40_000),
                destination: .ipv6(0, 1, scope: 0, port: 8883)
            )
        ),
        Case(
            name: "v1 UNKNOWN",
            bytes: Array("PROXY UNKNOWN anything at all\r\n".utf8),
            header: ProxyHeader()
        ),
        Case(name: "v1 family and address differ", bytes: Array("PROXY TCP4 ::1 ::1 1 2\r\n".utf8)),
        Case(name: "v1 a port too large", bytes: Array("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n".utf8)),
        Case(name: "v1 a signed port", bytes: Array("PROXY TCP4 1.2.3.4 1.2.3.4 +5 2\r\n".utf8)),
        Case(name: "v1 two spaces", bytes: Array("PROXY TCP4  1.2.3.4 1.2.3.4 5 2\r\n".utf8)),
        Case(name: "v1 a bare line feed", bytes: Array("PROXY UNKNOWN\n".utf8)),
        Case(name: "v1 too long", bytes: Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x41, count: 120)),
        Case(name: "v1 another word", bytes: Array("PROXX TCP4".utf8)),
        Case(name: "plain MQTT", bytes: [0x10, 0x0C, 0, 4]),
    ]

    @Test(arguments: cases) func reads(_ testCase: Case) {
        let bytes = testCase.bytes + [0x10, 0x0C]
        switch (bytes.withUnsafeBytes { ProxyHeader.read($0) }, testCase.header) {
        case (.header(let header, let consumed), let expected?):
            #expect(header == expected)
            #expect(consumed == testCase.bytes.count)
        case (.invalid(let reason), nil):
            #expect(!reason.isEmpty)
        case (let outcome, let expected):
            Issue.record("expected \(String(describing: expected)), found \(outcome)")
        }
    }

    @Test(arguments: cases.filter { $0.header != nil })
    func `every shorter beginning of a good header waits for more`(_ testCase: Case) {
        for count in 0..<testCase.bytes.count {
            let outcome = testCase.bytes[..<count].withUnsafeBytes { ProxyHeader.read($0) }
            #expect(outcome == .incomplete, "\(count) bytes")
        }
    }

    @Test func `a checksum that fits is accepted`() {
        // CRC32C found by trying: the check must accept exactly one value, whatever the other bits are.
        var header = Self.v2(0x21, 0x11, Self.four + Self.tlv(3, [0, 0, 0, 0]))
        let position = header.count - 4
        let crc = Self.crc32c(header)
        for index in 0..<4 {
            header[position + index] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * index))
        }
        let outcome = header.withUnsafeBytes { ProxyHeader.read($0) }
        #expect(outcome == .header(Self.plain, consumed: header.count))
    }

    /// RFC 3720 appendix B.4, by table.
    private static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        let table = (0..<256).map { (index: UInt32) -> UInt32 in
            var crc = index
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
            return crc
        }
        var crc = ~UInt32(0)
        for byte in bytes { crc = (crc >> 8) ^ table[Int((crc ^ UInt32(byte)) & 255)] }
        return ~crc
    }
}
