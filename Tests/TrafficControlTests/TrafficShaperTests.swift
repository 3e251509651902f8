import Logging
import MECModel
import Synchronization
import Testing
import TrafficControl

@Suite struct TrafficShaperTests {
    /// A `tc` that remembers what it was told, and knows one interface.
    private final class FakeTC: TCRunning {
        struct State {
            var classes = ""
            var root = "qdisc noqueue 0: root refcnt 2 \n"
            var batches: [[String]] = []
            var fails = false
        }

        let state = Mutex(State())

        func run(_ arguments: [String], input: String) throws(TCError) -> String {
            let (answer, fails) = state.withLock { state in
                if arguments.contains("class") { return (state.classes, false) }
                guard arguments.first == "-batch" else { return (state.root, false) }
                state.batches.append(input.split(separator: "\n").map(String.init))
                return ("", state.fails)
            }
            if fails { throw TCError("no") }
            return answer
        }

        /// What it was told since the last call.
        func taken() -> [String] {
            state.withLock { state in
                defer { state.batches = [] }
                return state.batches.flatMap(\.self)
            }
        }
    }

    private let tc = FakeTC()
    private let shaper: TrafficShaper

    init() {
        shaper = TrafficShaper(runner: tc, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private func session(_ id: String, rate: UInt64 = 8_000_000, port: UInt16 = 5_001) throws -> ShapedClass {
        var match = FlowMatch(source: try address("10.0.0.1"), destination: try address("10.0.0.2"))
        match.protocolNumber = 6
        match.destinationPort = port
        return ShapedClass(
            id: id,
            rate: rate,
            precedence: 4,
            isSpecific: true,
            matches: [match, match.reversed]
        )
    }

    private func plan(_ classes: [ShapedClass], capacity: UInt64 = 100_000_000) -> ShapingPlan {
        ShapingPlan([InterfacePlan(name: "eth1", capacity: capacity, classes: classes)])
    }

    private static let rest =
        "parent 7765:1 classid 7765:2 htb rate 92000000bit ceil 100000000bit burst 125000 cburst 125000"
    private static let allocation =
        "parent 7765:1 classid 7765:10 htb rate 8000000bit ceil 8000000bit burst 10000 cburst 10000"

    @Test func `the first plan makes a discipline, and the same plan again makes nothing`() async throws {
        let first = plan([try session("a")])
        #expect(await shaper.apply(first))
        let told = tc.taken()
        #expect(told.first == "qdisc add dev eth1 root handle 7765: htb default 2")
        #expect(told.contains("class change dev eth1 \(Self.rest) prio 7 quantum 1514"))
        #expect(told.contains("class add dev eth1 \(Self.allocation) prio 4 quantum 1514"))
        #expect(told.contains("qdisc add dev eth1 parent 7765:10 pfifo limit 132"))
        let ends = "match ip src 10.0.0.1/32 match ip dst 10.0.0.2/32 match ip protocol 6 0xff"
        #expect(
            told.contains(
                "filter add dev eth1 parent 7765: protocol ip pref 16 u32 \(ends)"
                    + " match ip dport 5001 0xffff flowid 7765:10"
            )
        )
        #expect(told.count { $0.hasPrefix("filter add") } == 2, "both directions of the session")
        #expect(await shaper.apply(first))
        #expect(tc.taken().isEmpty)
        let counters = shaper.counters
        #expect((counters.changes, counters.failures) == (1, 0))
    }

    @Test func `only what changed is changed`() async throws {
        _ = await shaper.apply(plan([try session("a"), try session("b", port: 5_002)]))
        _ = tc.taken()
        #expect(
            await shaper.apply(plan([try session("a", rate: 16_000_000), try session("b", port: 5_002)]))
        )
        #expect(
            tc.taken().map { $0.split(separator: " ")[0...1].joined(separator: " ") } == [
                "class change", "class change",
            ]
        )
        #expect(await shaper.apply(plan([try session("b", port: 5_003)])))
        #expect(
            tc.taken().map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
                "filter del", "class del", "filter del", "class change", "filter add", "filter add",
            ]
        )
        #expect(await shaper.apply(plan([try session("b", port: 5_003)], capacity: 50_000_000)))
        #expect(tc.taken().count == 2, "the class around all of it and the one for the rest")
    }

    @Test func `a number that is free again is used again`() async throws {
        _ = await shaper.apply(plan([try session("a")]))
        _ = await shaper.apply(plan([]))
        _ = tc.taken()
        _ = await shaper.apply(plan([try session("b")]))
        #expect(tc.taken().contains { $0.hasPrefix("class add dev eth1 parent 7765:1 classid 7765:10 ") })
    }

    @Test func `IPv6 and applications have preferences of their own`() async throws {
        var match = FlowMatch(source: try address("fd00::1"))
        match.sourcePort = 53
        let wide = ShapedClass(id: "w", rate: 1_000, precedence: 0, isSpecific: false, matches: [match])
        let mixed = FlowMatch(source: try address("fd00::1"), destination: try address("10.0.0.1"))
        let never = ShapedClass(id: "n", rate: 1_000, precedence: 0, isSpecific: false, matches: [mixed])
        #expect(await shaper.apply(plan([wide, never])))
        #expect(
            tc.taken().filter { $0.hasPrefix("filter") } == [
                "filter add dev eth1 parent 7765: protocol ipv6 pref 49168 u32"
                    + " match ip6 src fd00::1/128 match ip6 sport 53 0xffff flowid 7765:10"
            ]
        )
    }

    @Test func `what a killed process left is taken away first`() async throws {
        tc.state.withLock { $0.root = "qdisc htb 7765: root refcnt 3 r2q 10 default 0x2\n" }
        #expect(await shaper.apply(plan([])))
        #expect(
            tc.taken().prefix(2) == [
                "qdisc del dev eth1 root", "qdisc add dev eth1 root handle 7765: htb default 2",
            ]
        )
    }

    @Test func `somebody else's discipline is never touched`() async throws {
        tc.state.withLock { $0.root = "qdisc htb 1: root refcnt 3 r2q 10 default 0x30\n" }
        #expect(await shaper.apply(plan([try session("a")])) == false)
        #expect(tc.taken().isEmpty)
        let counters = shaper.counters
        #expect((counters.changes, counters.failures) == (0, 1))
    }

    @Test func `after a failure all of it is made anew`() async throws {
        _ = await shaper.apply(plan([]))
        tc.state.withLock { $0.fails = true }
        #expect(await shaper.apply(plan([try session("a")])) == false)
        tc.state.withLock {
            $0.fails = false
            $0.root = "qdisc htb 7765: root refcnt 3\n"
        }
        _ = tc.taken()
        #expect(await shaper.apply(plan([try session("a")])))
        #expect(tc.taken().first == "qdisc del dev eth1 root")
    }

    @Test func `an interface that is in no plan is as before`() async throws {
        _ = await shaper.apply(plan([try session("a")]))
        _ = tc.taken()
        #expect(await shaper.apply(ShapingPlan([])))
        #expect(tc.taken() == ["qdisc del dev eth1 root"])
        #expect(await shaper.apply(ShapingPlan([])))
        #expect(tc.taken().isEmpty)
    }

    @Test func `what went through is told by class`() async throws {
        _ = await shaper.apply(plan([try session("a"), try session("b", port: 5_002)]))
        tc.state.withLock {
            $0.classes = """
                class htb 7765:11 parent 7765:1 leaf 8024: prio 4 rate 8Mbit ceil 8Mbit burst 10000b cburst 10000b
                 Sent 1204224 bytes 816 pkt (dropped 3, overlimits 790 requeues 0)
                 backlog 0b 0p requeues 0

                class htb 7765:2 parent 7765:1 prio 7 rate 92Mbit ceil 100Mbit burst 124982b cburst 125000b
                 Sent 1056 bytes 14 pkt (dropped 0, overlimits 0 requeues 0)
                """
        }
        #expect(await shaper.volumes() == ["b": 1_204_224])
        _ = await shaper.apply(ShapingPlan([]))
        #expect(await shaper.volumes().isEmpty)
    }

    @Test func `two links over one interface add up`() throws {
        let one = InterfacePlan(name: "eth1", capacity: 10, classes: [try session("a")])
        let other = InterfacePlan(name: "eth1", capacity: 20, classes: [try session("b")])
        let merged = ShapingPlan([one, other]).interfaces
        #expect(merged.map(\.capacity) == [30])
        #expect(merged.first?.classes.map(\.id) == ["a", "b"])
    }
}
