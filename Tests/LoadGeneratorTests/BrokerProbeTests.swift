import Glibc
import LoadGenerator
import Testing

struct BrokerProbeTests {
    @Test func `the scheduler's time is the first field`() {
        #expect(BrokerProbe.runtime("368499 12 1\n") == 368_499)
        #expect(BrokerProbe.runtime("") == nil)
    }

    @Test func `ticks are found behind a name with brackets and blanks`() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 11 22 0 0 20 0 1 0 100 0 0"
        #expect(BrokerProbe.ticks(stat) == 33)
        #expect(BrokerProbe.ticks("42 (a") == nil)
        #expect(BrokerProbe.ticks("42 (a) S 1") == nil)
    }

    @Test func `resident memory is in kilobytes`() {
        #expect(
            BrokerProbe.kilobytes("Rss:", in: "0-1 ---p 0 0 0 [rollup]\nRss:      12 kB\nPss: 1 kB") == 12_288
        )
        #expect(BrokerProbe.kilobytes("Rss:", in: "Pss: 1 kB") == nil)
    }

    @Test func `this process uses time and memory`() throws {
        let probe = try BrokerProbe(pid: getpid())
        #expect(probe.threads().total > 0)
        #expect(probe.residentBytes() > 100_000)
        #expect(probe.residentBytesRoughly() > 100_000)
    }

    @Test func `threads that are new count in full`() {
        let earlier = BrokerProbe.Threads(nanoseconds: [1: 100, 2: 50])
        let later = BrokerProbe.Threads(nanoseconds: [1: 130, 3: 7])
        #expect(later.since(earlier).nanoseconds == [1: 30, 3: 7])
    }

    @Test func `a process that is not there is an error`() {
        #expect(throws: LoadError.self) { try BrokerProbe(pid: 0x3FFF_FFFF) }
    }
}
