import Glibc
import Reactor
import SocketTesting
import Testing

@Suite struct DescriptorExhaustionTests {
    // In a process of its own, since the limit holds for all of a process.
    @Test func `without a free descriptor a connection is closed at once and the listener goes on`() async {
        await #expect(processExitsWith: .success) {
            var reactor = try Reactor()
            let listener = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
            _ = try reactor.listen(listener.descriptor, tag: 7)
            let first = try TestSocket(to: listener.address)
            let second = try TestSocket(to: listener.address)

            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 128
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var fillers: [Int32] = []
            while true {
                let filler = open("/dev/null", O_RDONLY)
                guard filler >= 0 else { break }
                fillers.append(filler)
            }

            /// What the listener reports in one turn: 0 for a connection, else the error.
            func turn() -> [Int32] {
                var seen: [Int32] = []
                reactor.wait(until: reactor.now + 5_000_000_000)
                while let completion = reactor.next() {
                    switch completion {
                    case .acceptFailed(_, 7, let error, let paused): seen.append(paused ? -1 : error.code)
                    case .accepted(7, _): seen.append(0)
                    default: break
                    }
                }
                return seen
            }
            guard turn() == [EMFILE, EMFILE] else { exit(10) }  // both are refused
            guard reactor.statistics.acceptsWithoutDescriptor == 2 else { exit(11) }  // and counted
            guard try first.receive().isEmpty, try second.receive().isEmpty else { exit(12) }  // and closed

            for filler in fillers { close(filler) }
            let third = try TestSocket(to: listener.address)
            guard turn() == [0] else { exit(13) }  // the next one is taken
            withExtendedLifetime(third) {}
        }
    }
}
