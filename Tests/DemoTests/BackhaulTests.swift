import Demo
import Glibc
import Reactor
import SocketTesting
import Testing

/// One connection at a time: a cloud that listens, and a site that connects by the backhaul.
@Suite struct BackhaulTests {
    private let cloud: ListeningSocket
    private let backhaul: Backhaul

    init() throws {
        cloud = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        guard case .ipv4(_, let port) = cloud.address else { throw SystemError("listen", code: 0) }
        backhaul = try Backhaul(to: port)
        try backhaul.start()
    }

    private func connect() throws -> TestSocket {
        try TestSocket(to: .ipv4(0x7F00_0001, port: backhaul.port))
    }

    private func accept() throws -> TestSocket {
        guard isReadable(cloud.descriptor, within: 10_000) else {
            throw SystemError("accept", code: ETIMEDOUT)
        }
        return TestSocket(descriptor: Glibc.accept(cloud.descriptor, nil, nil))
    }

    private func isReadable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, milliseconds) > 0
    }

    @Test func `bytes go both ways, and an end is passed on`() throws {
        let site = try connect()
        let far = try accept()
        try site.send(Array("up".utf8))
        #expect(try far.receive(exactly: 2) == Array("up".utf8))
        try far.send(Array("down".utf8))
        #expect(try site.receive(exactly: 4) == Array("down".utf8))
        far.finishSending()
        #expect(try site.receive().isEmpty)
        backhaul.stop()
    }

    @Test func `a cut ends what there is and takes nothing new`() throws {
        let site = try connect()
        let far = try accept()
        backhaul.set(.cut)
        #expect(try site.receive().isEmpty)
        #expect(try far.receive().isEmpty)
        let another = try connect()
        #expect(try another.receive().isEmpty)
        backhaul.set(.up)
        let last = try connect()
        let lastFar = try accept()
        try last.send([1])
        #expect(try lastFar.receive(exactly: 1) == [1])
        backhaul.stop()
    }

    @Test func `silence holds everything back and ends nothing`() throws {
        let site = try connect()
        let far = try accept()
        try site.send([1])
        #expect(try far.receive(exactly: 1) == [1])
        backhaul.set(.silent)
        try site.send([2])
        #expect(!isReadable(far.descriptor, within: 200))
        backhaul.set(.up)
        #expect(try far.receive(exactly: 1) == [2])
        backhaul.stop()
    }

    /// More than the relay and the kernel hold: the sender must be held back and nothing lost.
    @Test func `a slow end holds the other back`() throws {
        let site = try connect()
        let far = try accept()
        let bytes = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
        let sender = try TestThread { try site.send(bytes) }
        #expect(try far.receive(exactly: bytes.count) == bytes)
        try sender.join()
        backhaul.stop()
    }
}
