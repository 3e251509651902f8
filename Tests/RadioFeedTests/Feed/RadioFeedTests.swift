import Foundation
import MECModel
import RadioFeed
import Synchronization
import Testing

@Suite struct RadioFeedTests {
    /// Takes batches, or does not.
    private final class Sink: RadioFactSink {
        private let state = Mutex((batches: [RadioBatch](), isFull: false, refused: 0))

        func accept(_ batch: RadioBatch) -> Bool {
            state.withLock { state in
                if state.isFull {
                    state.refused += 1
                    return false
                }
                state.batches.append(batch)
                return true
            }
        }

        var isFull: Bool {
            get { state.withLock { $0.isFull } }
            set { state.withLock { $0.isFull = newValue } }
        }

        var batches: [RadioBatch] { state.withLock { $0.batches } }
        var refused: Int { state.withLock { $0.refused } }
    }

    /// A clock that a test turns.
    private final class Clock: Sendable {
        private let time = Mutex(RadioTime(seconds: 1_000))
        var now: RadioTime { time.withLock { $0 } }
        func turn(_ seconds: Double) { time.withLock { $0 = $0.advanced(bySeconds: seconds) } }
    }

    private final class Log: Sendable {
        private let list = Mutex([FeedWarning]())
        func add(_ warning: FeedWarning) { list.withLock { $0.append(warning) } }
        var warnings: [FeedWarning] { list.withLock { $0 } }
    }

    private struct Bench {
        let sink = Sink()
        let clock = Clock()
        let log = Log()
        let inventory = RadioInventory()
        let feed: RadioFeed

        init(_ settings: RadioFeedSettings = RadioFeedSettings()) throws {
            let (clock, log) = (clock, log)
            feed = try RadioFeed(
                settings,
                inventory: inventory,
                sink: sink,
                clock: { clock.now },
                log: { log.add($0) }
            )
        }

        var lines: [String] { sink.batches.flatMap { EventText(inventory: inventory).lines($0) } }
    }

    @Test func `without any setting Monaco lives and xApps are heard`() throws {
        let bench = try Bench()
        _ = bench.feed.tick(at: bench.clock.now)
        for _ in 0..<50 {
            bench.clock.turn(0.2)
            _ = bench.feed.tick(at: bench.clock.now)
        }
        let lines = bench.lines
        #expect(lines.filter { $0.contains(" defined ") }.count > 100)
        #expect(lines.contains { $0.contains(" handover ") })
        #expect(bench.feed.filters.contains("ran/in/#"))
        bench.feed.submit(topic: "ran/in/detach", payload: Array(#"{"ue":"robot"}"#.utf8), client: "xapp")
        #expect(bench.lines.last?.hasSuffix("detached robot") == true)
        #expect(bench.feed.counters.events == UInt64(bench.lines.count))
        #expect(bench.log.warnings.isEmpty)
    }

    @Test func `a tick says when the next is due`() throws {
        let bench = try Bench()
        let next = bench.feed.tick(at: bench.clock.now)
        #expect(next == bench.clock.now.advanced(bySeconds: 0.2))
    }

    @Test func `a clock that jumps an hour brings seconds of events, not an hour`() throws {
        let bench = try Bench()
        _ = bench.feed.tick(at: bench.clock.now)
        bench.clock.turn(3_600)
        _ = bench.feed.tick(at: bench.clock.now)
        let first = bench.sink.batches.count
        bench.clock.turn(0.2)
        _ = bench.feed.tick(at: bench.clock.now)
        let times = bench.sink.batches.dropFirst(first).flatMap(\.events).map(\.time)
        // Back in step with the clock.
        #expect(times.allSatisfy { abs($0.nanoseconds(since: bench.clock.now)) <= 200_000_000 })
        #expect(!times.isEmpty)
        #expect(bench.lines.count < 60_000)
    }

    @Test func `faster than real time is more of the same events`() throws {
        var fast = RadioFeedSettings()
        fast.scenarios[0].speed = 10
        let (slow, quick) = (try Bench(), try Bench(fast))
        for bench in [slow, quick] { _ = bench.feed.tick(at: bench.clock.now) }
        for _ in 0..<100 {
            slow.clock.turn(0.2)
            _ = slow.feed.tick(at: slow.clock.now)
        }
        for _ in 0..<10 {
            quick.clock.turn(0.2)
            _ = quick.feed.tick(at: quick.clock.now)
        }
        #expect(slow.lines == quick.lines)
    }

    @Test func `a full inbox makes a source wait and loses nothing that was told`() throws {
        let bench = try Bench()
        _ = bench.feed.tick(at: bench.clock.now)
        bench.sink.isFull = true
        for _ in 0..<10 {
            bench.clock.turn(0.2)
            _ = bench.feed.tick(at: bench.clock.now)
        }
        bench.feed.submit(topic: "ran/in/detach", payload: Array(#"{"ue":"one"}"#.utf8), client: "xapp")
        bench.feed.submit(topic: "ran/in/detach", payload: Array(#"{"ue":"two"}"#.utf8), client: "xapp")
        #expect(bench.feed.counters.refusals > 5)
        #expect(bench.feed.counters.messagesDropped == 1)
        bench.sink.isFull = false
        for _ in 0..<5 {
            bench.clock.turn(0.2)
            _ = bench.feed.tick(at: bench.clock.now)
        }
        // The message that was read stays, with its definition before it; the one after it was refused.
        let lines = bench.lines
        let defined = try #require(lines.firstIndex { $0.contains("defined") && $0.contains("\"one\"") })
        let told = try #require(lines.firstIndex { $0.hasSuffix("detached one") })
        #expect(defined < told)
        #expect(!lines.contains { $0.contains("two") })
        // The simulation's events are in order, with none missing between.
        var whole = try Run(MonacoScenario.scenario())
        whole.go(to: 3)
        let ours = lines.filter { !$0.contains("\"one\"") && !$0.hasSuffix(" one") }
        #expect(ours == Array(whole.lines.prefix(ours.count)))
        #expect(ours.count > 1_000)
    }

    @Test func `warnings reach the log, limited, and are counted in full`() throws {
        let bench = try Bench()
        for _ in 0..<50 { bench.feed.submit(topic: "ran/in/position", payload: [0x7B], client: "noise") }
        #expect(bench.log.warnings.count == 5)
        #expect(bench.log.warnings.first?.place == "client noise, topic ran/in/position")
        #expect(bench.feed.counters.warnings == [.malformed: 50])
    }

    @Test func `a number goes back to the inventory only when its last owner is done with it`() throws {
        var settings = RadioFeedSettings()
        settings.scenarios = []
        let bench = try Bench(settings)
        func say(_ kind: String, _ ue: String, _ client: String) {
            bench.feed.submit(
                topic: "ran/in/\(kind)",
                payload: Array(#"{"ue":"\#(ue)"}"#.utf8),
                client: client
            )
        }
        say("detach", "first", "a")
        let first = try bench.inventory.terminal("first")
        say("leave", "first", "a")
        say("detach", "second", "a")
        #expect(try bench.inventory.terminal("second") == first)
    }

    @Test func `a feed that cannot start says what to do`() {
        func message(_ change: (inout RadioFeedSettings) -> Void) -> String {
            var settings = RadioFeedSettings()
            change(&settings)
            do {
                _ = try Bench(settings)
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message { $0.scenarios[0].file = "/nowhere/s.yaml" }.contains(
                "/nowhere/s.yaml cannot be opened (No such file"
            )
        )
        #expect(message { $0.scenarios[0].speed = 0 }.contains("speed is 0.001…1000"))
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "radio-feed-\(UUID().uuidString).yaml"
        )
        try? Data("scenario: x\nsites: 7\n".utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        #expect(message { $0.scenarios[0].file = url.path }.contains("\(url.path):2:8: \"sites\" is a list"))
    }

    @Test func `the feed runs by itself and ends with its task`() async throws {
        let sink = Sink()
        let feed = try RadioFeed(
            RadioFeedSettings(),
            inventory: RadioInventory(),
            sink: sink,
            log: { _ in }
        )
        let task = Task { await feed.run() }
        // Bounded: the default scenario says something within its first steps.
        let deadline = ContinuousClock.now + .seconds(20)
        while sink.batches.count < 3, ContinuousClock.now < deadline { await Task.yield() }
        #expect(sink.batches.count >= 3)
        task.cancel()
        await task.value
    }
}
