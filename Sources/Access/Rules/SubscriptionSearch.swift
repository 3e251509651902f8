/// Decides how a subscription's filter and the rules overlap, by walking both at once.
///
/// A state is: which rule nodes a topic's levels so far can have led to, what `#` rules said on the way,
/// and where the filter stands. The next level is one of the texts that a rule or the filter names at
/// this place, or any other. All topics that lead to the same state fare alike, so visiting each state
/// once decides for infinitely many topics.
struct SubscriptionSearch {
    /// Steps before giving up with `checkEachMessage`, which is never wrong, only slower later.
    /// As many steps take a few milliseconds; ordinary rules need fewer than a hundred.
    static let stepsMax = 10_000

    private struct State: Hashable {
        /// Nodes of the trie, sorted.
        var nodes: [UInt32]
        var passed: RuleBits
        /// Levels of the filter that are used up, its `#` not counted.
        var filterPlace: Int
        var depth: Depth
    }

    /// How much of a topic there is so far, as far as it matters.
    private enum Depth: Hashable {
        case none
        /// One empty level: no topic yet, since a topic has at least one character `[MQTT-4.7.3-1]`.
        case emptyLevel
        case some
    }

    private let trie: RuleTrie
    private let names: ClientNames
    private let filter: [[UInt8]]
    private let filterHasRest: Bool

    private var steps = 0
    private var sawReadable = false
    private var sawUnreadable = false

    /// - Parameter filter: A topic filter that the decoder has checked.
    init(_ rules: TopicRules, _ names: ClientNames, filter: UnsafeRawBufferPointer) {
        trie = rules.trie
        self.names = names
        var levels = filter.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Array($0) }
        filterHasRest = levels.last == [UInt8(ascii: "#")]
        if filterHasRest { levels.removeLast() }
        self.filter = levels
    }

    mutating func run(closed: RuleBits) -> SubscriptionAccess {
        var seen: Set<State> = []
        var pending = [
            State(nodes: [0], passed: closed.intersection(.receiving), filterPlace: 0, depth: .none)
        ]
        while let state = pending.popLast() {
            guard seen.insert(state).inserted else { continue }
            // Where no rule can match any more, everything below fares alike.
            let isSettled = state.nodes.isEmpty
            if mayEnd(state) || isSettled { judge(state) }
            if sawReadable, sawUnreadable { return .checkEachMessage }
            if isSettled { continue }
            guard advance(state, &pending) else { return .checkEachMessage }
        }
        return sawReadable ? .allowed : .denied
    }

    /// Whether the filter matches a topic that ends here. `a/#` matches `a` too `[MQTT 4.7.1.2]`.
    private func mayEnd(_ state: State) -> Bool {
        state.filterPlace == filter.count && state.depth == .some
    }

    private mutating func judge(_ state: State) {
        var bits = state.passed
        for index in state.nodes {
            let node = trie.nodes[Int(index)]
            bits.formUnion(node.end.union(node.rest))
        }
        if bits.permits(.receive) { sawReadable = true } else { sawUnreadable = true }
    }

    /// Adds the states one level further to `pending`; `false` when that was a step too many.
    private mutating func advance(_ state: State, _ pending: inout [State]) -> Bool {
        steps += 1
        if state.filterPlace < filter.count, filter[state.filterPlace] != [UInt8(ascii: "+")] {
            pending.append(successor(of: state, filter[state.filterPlace]))
            return steps <= Self.stepsMax
        }
        guard state.filterPlace < filter.count || filterHasRest else { return true }
        for index in state.nodes {
            let node = trie.nodes[Int(index)]
            steps += Int(node.edgeCount) + Int(node.templateEdgeCount)
        }
        guard steps <= Self.stepsMax else { return false }
        for text in texts(after: state) { pending.append(successor(of: state, text)) }
        pending.append(successor(of: state, nil))
        return true
    }

    /// The next levels that a rule names, each once.
    private func texts(after state: State) -> Set<[UInt8]> {
        var texts: Set<[UInt8]> = []
        for index in state.nodes {
            let node = trie.nodes[Int(index)]
            for place in 0..<node.edgeCount {
                texts.insert(trie.text(trie.edges[Int(node.firstEdge + place)].text))
            }
            for place in 0..<node.templateEdgeCount {
                let edge = trie.templateEdges[Int(node.firstTemplateEdge + place)]
                if let text = trie.fill(edge, isFirst: state.depth == .none, names) { texts.insert(text) }
            }
        }
        // The filter's own wildcard does not match a first level with $ either `[MQTT-4.7.2-1]`.
        return state.depth == .none ? texts.filter { $0.first != UInt8(ascii: "$") } : texts
    }

    /// - Parameter text: The next level; `nil` for one that no rule names.
    private func successor(of state: State, _ text: [UInt8]?) -> State {
        let wildcards = state.depth != .none || text?.first != UInt8(ascii: "$")
        var next: [UInt32] = []
        var passed = state.passed
        for index in state.nodes {
            let node = trie.nodes[Int(index)]
            if wildcards { passed.formUnion(node.rest.intersection(.receiving)) }
            if wildcards, node.anyChild != 0 { next.append(node.anyChild) }
            guard let text else { continue }
            text.withUnsafeBytes { text in
                if let child = trie.literalChild(of: node, text) { next.append(child) }
                for place in 0..<node.templateEdgeCount {
                    let edge = trie.templateEdges[Int(node.firstTemplateEdge + place)]
                    if trie.template(edge, matches: text, isFirst: state.depth == .none, names) {
                        next.append(edge.child)
                    }
                }
            }
        }
        // A node has one parent and is reached from it by one level text in one way, except that two
        // templates can come to the same text; those are two nodes. So nothing is there twice.
        return State(
            nodes: next.sorted(),
            passed: passed,
            filterPlace: min(state.filterPlace + 1, filter.count),
            depth: state.depth == .none && text?.isEmpty == true ? .emptyLevel : .some
        )
    }
}

extension TopicRules {
    /// What a subscription to `filter` comes to. `filter` is without any `$share/group/` in front.
    package func subscription(filter: UnsafeRawBufferPointer, as names: ClientNames) -> SubscriptionAccess {
        if receivesAnything { return .allowed }
        let closed = closedRanks(for: names, .receive)
        if closed.contains(.deny(.receive, .client)) { return .denied }
        var search = SubscriptionSearch(self, names, filter: filter)
        let own = search.run(closed: closed)
        guard own != .denied, let base else { return own }
        let wider = base.subscription(filter: filter, as: names)
        return wider == .denied || own == .allowed && wider == .allowed ? wider : .checkEachMessage
    }

    package func subscription(filter: String, as names: ClientNames) -> SubscriptionAccess {
        var filter = filter
        return filter.withUTF8 { subscription(filter: UnsafeRawBufferPointer($0), as: names) }
    }

    package func subscription(filter: String, clientID: String, username: String?) -> SubscriptionAccess {
        subscription(filter: filter, as: ClientNames(clientID: clientID, username: username))
    }
}
