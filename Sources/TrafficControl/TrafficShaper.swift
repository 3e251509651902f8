import Dispatch
package import Logging
import Synchronization

/// Keeps the kernel's queues as the newest plan wants them.
///
/// What is there already is left alone; after a failure, and at the first plan, an interface's discipline is
/// made anew. A discipline that somebody else put on an interface is never touched.
package final class TrafficShaper: Sendable {
    package struct Counters: Sendable, Equatable {
        /// Times that tc changed something.
        package var changes: UInt64 = 0
        /// Times that an interface could not be brought to its plan.
        package var failures: UInt64 = 0
    }

    private struct State {
        /// Interfaces whose discipline is ours, as far as is known.
        var shapes: [String: InterfaceShape] = [:]
        var newest: UInt64 = 0
        var wasPut = false
        var counters = Counters()
    }

    private let runner: any TCRunning
    private let logger: Logger
    private let state = Mutex(State())
    private let order = Mutex<UInt64>(0)
    /// tc blocks, for a few milliseconds: not on a thread that others wait for.
    private let queue = DispatchQueue(label: "weir.traffic-control")

    package init(runner: any TCRunning = TCCommand(), logger: Logger) {
        self.runner = runner
        self.logger = logger
    }

    package var counters: Counters { state.withLock { $0.counters } }

    /// Brings every interface to `plan`, and takes away what is on interfaces that it does not name.
    ///
    /// - Returns: Whether all is as planned, by this plan or a newer one. What failed is logged.
    package func apply(_ plan: ShapingPlan) async -> Bool {
        let number = order.withLock { last in
            last += 1
            return last
        }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.put(plan, number)) }
        }
    }

    /// Bytes that the kernel has let through for each class since it was made, by identifier; those of several
    /// interfaces together. What cannot be asked is left out.
    package func volumes() async -> [String: UInt64] {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.counted()) }
        }
    }

    private func counted() -> [String: UInt64] {
        state.withLock { state in
            var sums: [String: UInt64] = [:]
            for (name, shape) in state.shapes {
                guard let text = try? runner.run(["-s", "class", "show", "dev", name], input: "") else {
                    continue
                }
                sums.merge(shape.volumes(text)) { $0 &+ $1 }
            }
            return sums
        }
    }

    private func put(_ plan: ShapingPlan, _ number: UInt64) -> Bool {
        state.withLock { state in
            guard number > state.newest else { return state.wasPut }
            state.newest = number
            let kept = Set(plan.interfaces.map(\.name))
            var isPut = true
            for name in state.shapes.keys.sorted() where !kept.contains(name) {
                guard let shape = state.shapes.removeValue(forKey: name) else { continue }
                isPut = change(name, &state, { () throws(TCError) in try run(shape.removal) }) && isPut
            }
            for interface in plan.interfaces { isPut = put(interface, &state) && isPut }
            state.wasPut = isPut
            return isPut
        }
    }

    private func put(_ plan: InterfacePlan, _ state: inout State) -> Bool {
        if var shape = state.shapes[plan.name] {
            let lines = shape.update(to: plan)
            if lines.isEmpty { return true }
            if change(plan.name, &state, { () throws(TCError) in try run(lines) }) {
                state.shapes[plan.name] = shape
                return true
            }
            // Nobody knows how far it came: all of it anew.
            state.shapes[plan.name] = nil
        }
        var shape = InterfaceShape(name: plan.name)
        let lines = shape.create(plan)
        let isPut = change(plan.name, &state) { () throws(TCError) in
            if try isOurs(plan.name) { try run(shape.removal) }
            try run(lines)
        }
        if isPut { state.shapes[plan.name] = shape }
        return isPut
    }

    /// Whether a discipline of ours is on the interface: left by a process that was killed.
    ///
    /// - Throws: When there is one of somebody else's, or no such interface.
    private func isOurs(_ name: String) throws(TCError) -> Bool {
        let root = try runner.run(["qdisc", "show", "dev", name, "root"], input: "")
        // "qdisc htb 7765: root refcnt 2 …"; what the kernel puts there by itself has the handle 0:.
        let words = root.split(separator: "\n").first?.split(separator: " ") ?? []
        guard words.count > 2, words[2] != "0:" else { return false }
        if words[2] == InterfaceShape.handle { return true }
        throw TCError(
            "interface \(name) has a queueing discipline that is not Weir's, \(words[1]) \(words[2]); "
                + "remove it (tc qdisc del dev \(name) root) or take the interface out of services.bandwidth.links"
        )
    }

    private func run(_ lines: [String]) throws(TCError) {
        _ = try runner.run(["-batch", "-"], input: lines.joined(separator: "\n") + "\n")
    }

    private func change(_ name: String, _ state: inout State, _ body: () throws(TCError) -> Void) -> Bool {
        do {
            try body()
            state.counters.changes += 1
            return true
        } catch {
            state.counters.failures += 1
            logger.warning(
                "an interface does not keep its bandwidth allocations",
                metadata: ["interface.name": "\(name)", "error.message": "\(error)"]
            )
            return false
        }
    }
}
