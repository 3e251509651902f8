/// One interface's queueing discipline as it stands, and the lines of `tc -batch` that change it.
///
/// An HTB with one class for everything that may leave, in it one class for each allocation and one for the
/// rest. Filters are u32: it is in every kernel that has HTB.
struct InterfaceShape: Sendable {
    /// Handle of the discipline: it tells Weir's own from somebody else's.
    static let handle = "7765:"
    /// Minor numbers of the class around everything and of the one for the rest.
    private static let root = 1
    private static let rest = 2
    /// Minor numbers of allocations; a filter's preference holds one in fourteen bits.
    private static let numbers = 0x10...0x3fff

    let name: String
    private(set) var capacity: UInt64 = 0
    private var classes: [String: (number: Int, shape: ShapedClass)] = [:]
    private var freeNumbers: [Int] = []
    private var nextNumber = Self.numbers.lowerBound

    init(name: String) { self.name = name }

    /// Lines that take everything away.
    var removal: [String] { ["qdisc del dev \(name) root"] }

    /// Lines that make a discipline where there is none of ours, and `plan` on it.
    mutating func create(_ plan: InterfacePlan) -> [String] {
        self = InterfaceShape(name: name)
        capacity = max(1, plan.capacity)
        let rest = String(Self.rest, radix: 16)
        return [
            "qdisc add dev \(name) root handle \(Self.handle) htb default \(rest)",
            classLine("add", parent: Self.handle, Self.root, rate: capacity, ceiling: capacity),
            restLine("add", 0),
        ] + update(to: plan)
    }

    /// Lines that lead from what is there to `plan`, in the order in which tc wants them.
    ///
    /// Classes beyond 16,368 on one interface are left out; ``BandwidthSettings`` allows fewer resources.
    mutating func update(to plan: InterfacePlan) -> [String] {
        let wanted = Dictionary(plan.classes.map { ($0.id, $0) }) { first, _ in first }
        let before = reserved
        var gone: [String] = []
        var come: [String] = []
        for (id, old) in classes.sorted(by: { $0.value.number < $1.value.number }) {
            guard let new = wanted[id] else {
                gone += filterRemoval(old.number, old.shape)
                gone.append("class del dev \(name) classid \(minor(old.number))")
                classes[id] = nil
                freeNumbers.append(old.number)
                continue
            }
            guard new != old.shape else { continue }
            if new.matches != old.shape.matches || new.isSpecific != old.shape.isSpecific {
                gone += filterRemoval(old.number, old.shape)
                come += filters(old.number, new)
            }
            if new.rate != old.shape.rate || new.precedence != old.shape.precedence {
                come.append(allocationLine("change", old.number, new))
            }
            classes[id] = (old.number, new)
        }
        for new in plan.classes where classes[new.id] == nil {
            guard let number = takeNumber() else { break }
            classes[new.id] = (number, new)
            come.append(allocationLine("add", number, new))
            come.append(
                "qdisc add dev \(name) parent \(minor(number)) pfifo limit \(Self.queuePackets(new.rate))"
            )
            come += filters(number, new)
        }
        var lines = gone
        let capacity = max(1, plan.capacity)
        if capacity != self.capacity {
            self.capacity = capacity
            lines.append(
                classLine("change", parent: Self.handle, Self.root, rate: capacity, ceiling: capacity)
            )
            lines.append(restLine("change", reserved))
        } else if reserved != before {
            lines.append(restLine("change", reserved))
        }
        return lines + come
    }

    /// Bytes that each class has let through, by its identifier.
    ///
    /// - Parameter text: What `tc -s class show` says: a line that names a class, and below it what it sent.
    func volumes(_ text: String) -> [String: UInt64] {
        let identifiers = Dictionary(uniqueKeysWithValues: classes.map { (minor($0.value.number), $0.key) })
        var volumes: [String: UInt64] = [:]
        var current: String?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 2, words[0] == "class" {
                current = identifiers[String(words[2])]
            } else if words.count > 1, words[0] == "Sent", let id = current {
                volumes[id] = UInt64(words[1])
            }
        }
        return volumes
    }

    // MARK: - Classes

    /// Bits per second that the allocations take.
    private var reserved: UInt64 {
        classes.values.reduce(0) { $0.addingReportingOverflow($1.shape.rate).partialValue }
    }

    private mutating func takeNumber() -> Int? {
        if let number = freeNumbers.popLast() { return number }
        guard nextNumber <= Self.numbers.upperBound else { return nil }
        defer { nextNumber += 1 }
        return nextNumber
    }

    private func minor(_ number: Int) -> String { Self.handle + String(number, radix: 16) }

    private func allocationLine(_ verb: String, _ number: Int, _ shape: ShapedClass) -> String {
        classLine(
            verb,
            parent: minor(Self.root),
            number,
            rate: shape.rate,
            ceiling: shape.rate,
            precedence: shape.precedence
        )
    }

    /// The rest is sure of what is not allocated, of a hundredth at least, and may use what others leave.
    private func restLine(_ verb: String, _ reserved: UInt64) -> String {
        let left = capacity > reserved ? capacity - reserved : 0
        let rate = min(capacity, max(left, capacity / 100, 8_000))
        return classLine(
            verb,
            parent: minor(Self.root),
            Self.rest,
            rate: rate,
            ceiling: capacity,
            precedence: 7
        )
    }

    private func classLine(
        _ verb: String,
        parent: String,
        _ number: Int,
        rate: UInt64,
        ceiling: UInt64,
        precedence: Int = 0
    ) -> String {
        // A tenth of a second at most, and never less than a full frame: short bursts keep the rate exact.
        let burst = min(max(1_600, ceiling / 8 / 100), 10_000_000)
        return "class \(verb) dev \(name) parent \(parent) classid \(minor(number)) htb"
            + " rate \(rate)bit ceil \(ceiling)bit burst \(burst) cburst \(burst)"
            + " prio \(precedence) quantum 1514"
    }

    /// A fifth of a second of full frames may wait. In packets, for one that the network card is to cut up
    /// may be larger than what a slow class could hold in bytes.
    private static func queuePackets(_ rate: UInt64) -> UInt64 { min(max(16, rate / 8 / 5 / 1_514), 10_000) }

    // MARK: - Filters

    /// Sessions come before applications, IPv4 has other preferences than IPv6: a preference is one protocol's.
    private func preference(_ number: Int, _ shape: ShapedClass, isIPv6: Bool) -> Int {
        number + (shape.isSpecific ? 0 : 0x4000) + (isIPv6 ? 0x8000 : 0)
    }

    private func filters(_ number: Int, _ shape: ShapedClass) -> [String] {
        shape.matches.compactMap { match in
            guard let isIPv6 = match.isIPv6 else { return nil }
            return "filter add dev \(name) parent \(Self.handle) protocol \(isIPv6 ? "ipv6" : "ip")"
                + " pref \(preference(number, shape, isIPv6: isIPv6)) u32\(Self.words(match, isIPv6))"
                + " flowid \(minor(number))"
        }
    }

    private func filterRemoval(_ number: Int, _ shape: ShapedClass) -> [String] {
        [false, true].compactMap { isIPv6 in
            guard shape.matches.contains(where: { $0.isIPv6 == isIPv6 }) else { return nil }
            return "filter del dev \(name) parent \(Self.handle) protocol \(isIPv6 ? "ipv6" : "ip")"
                + " pref \(preference(number, shape, isIPv6: isIPv6))"
        }
    }

    private static func words(_ match: FlowMatch, _ isIPv6: Bool) -> String {
        let family = isIPv6 ? "ip6" : "ip"
        let length = isIPv6 ? 128 : 32
        var words = ""
        if let source = match.source { words += " match \(family) src \(source)/\(length)" }
        if let destination = match.destination { words += " match \(family) dst \(destination)/\(length)" }
        if let number = match.protocolNumber { words += " match \(family) protocol \(number) 0xff" }
        if let port = match.sourcePort { words += " match \(family) sport \(port) 0xffff" }
        if let port = match.destinationPort { words += " match \(family) dport \(port) 0xffff" }
        return words
    }
}
