import Foundation
import Reactor
import SocketTesting
import Testing

@Suite struct ListeningSocketTests {
    @Test func `an address that is taken is an error with the system's reason`() throws {
        let first = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        let error = try #require(throws: SystemError.self) { try ListeningSocket(first.address) }
        #expect(error == SystemError("bind", code: EADDRINUSE))
        #expect(error.reason == "address already in use")
        close(first.descriptor)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/net/if_inet6"), "no IPv6 here"))
    func `an IPv6 wildcard takes IPv4 connections too, unless told not to`() throws {
        var options = ListeningSocket.Options()
        let both = try ListeningSocket(.ipv6(0, 0, scope: 0, port: 0), options: options)
        let port = try #require(both.address.port)
        _ = try TestSocket(to: .ipv4(0x7F00_0001, port: port))
        close(both.descriptor)
        options.isDualStack = false
        let six = try ListeningSocket(.ipv6(0, 0, scope: 0, port: 0), options: options)
        let sixPort = try #require(six.address.port)
        #expect(throws: SystemError.self) { try TestSocket(to: .ipv4(0x7F00_0001, port: sixPort)) }
        close(six.descriptor)
    }

    @Test func `a Unix socket's file gets its mode, is kept while in use, and replaced when abandoned`()
        throws
    {
        let path = NSTemporaryDirectory() + "weir-\(UUID().uuidString.prefix(8)).sock"
        defer { unlink(path) }
        var options = ListeningSocket.Options()
        options.mode = 0o640
        let first = try ListeningSocket(.unix(path: path), options: options)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(throws: SystemError("bind", code: EADDRINUSE)) { try ListeningSocket(.unix(path: path)) }
        close(first.descriptor)
        let second = try ListeningSocket(.unix(path: path))
        _ = try TestSocket(to: second.address)
        close(second.descriptor)
    }

    @Test func `a file that is not a socket is never removed`() throws {
        let path = NSTemporaryDirectory() + "weir-\(UUID().uuidString.prefix(8)).txt"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        #expect(throws: SystemError.self) { try ListeningSocket(.unix(path: path)) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func `a path longer than the kernel takes is refused`() {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        #expect(throws: SystemError("bind", code: ENAMETOOLONG)) { try ListeningSocket(.unix(path: path)) }
    }
}

@Suite struct SocketAddressTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let literal: String
        let description: String?
        let isLoopback: Bool
        var testDescription: String { literal }
    }

    static let cases = [
        Case(literal: "127.0.0.1", description: "127.0.0.1:1883", isLoopback: true),
        Case(literal: "127.255.0.9", description: "127.255.0.9:1883", isLoopback: true),
        Case(literal: "0.0.0.0", description: "0.0.0.0:1883", isLoopback: false),
        Case(literal: "100.20.3.255", description: "100.20.3.255:1883", isLoopback: false),
        Case(literal: "192.168.10.1", description: "192.168.10.1:1883", isLoopback: false),
        Case(literal: "::1", description: "[::1]:1883", isLoopback: true),
        Case(literal: "::", description: "[::]:1883", isLoopback: false),
        Case(literal: "2001:DB8:0:0::1", description: "[2001:db8::1]:1883", isLoopback: false),
        Case(literal: "256.1.1.1", description: nil, isLoopback: false),
        Case(literal: "1.2.3", description: nil, isLoopback: false),
        Case(literal: "::1%nosuchinterface", description: nil, isLoopback: false),
        Case(literal: "localhost", description: nil, isLoopback: false),
        Case(literal: "", description: nil, isLoopback: false),
    ]

    @Test(arguments: cases) func reads(_ testCase: Case) {
        let address = SocketAddress(literal: testCase.literal, port: 1883)
        #expect(address?.description == testCase.description)
        #expect((address?.isLoopback ?? false) == testCase.isLoopback)
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 1_000, 9_999, 10_000, 65_535] as [UInt16])
    func `a port has all its digits`(_ port: UInt16) {
        #expect(SocketAddress.ipv4(0x0A00_0001, port: port).description == "10.0.0.1:\(port)")
        #expect(SocketAddress.ipv4(0xFFFF_FFFF, port: port).description == "255.255.255.255:\(port)")
    }

    @Test func `an IPv4 address in IPv6 clothes is the IPv4 address`() {
        #expect(SocketAddress(0, 0xFFFF_7F00_0001, port: 5) == .ipv4(0x7F00_0001, port: 5))
        #expect(SocketAddress(0, 1, port: 5) == .ipv6(0, 1, scope: 0, port: 5))
    }
}
