import MQTTWire

/// Who wants what: the tree of filters of one shard, with the shard's own subscriptions, the shared
/// groups of the whole site, and one bit per other shard that has a subscriber.
///
/// Only the shard's thread touches it. Other shards learn of a change by mail (see `BusShard+Mail`),
/// so a lookup takes no lock.
struct SubscriptionIndex: ~Copyable {
    private(set) var trie = TopicTrie<SubscriberList>(empty: SubscriberList())
    private(set) var groups: [SharedGroup?] = []
    private var freeGroups: [Int32] = []
    /// Counts changes; a cached route of an earlier generation is looked up again.
    private(set) var generation: UInt32 = 1 {
        didSet { version.set(generation) }
    }
    /// ``generation`` for other threads.
    let version = InterestVersion()

    /// Makes every cached route stale.
    mutating func invalidateRoutes() { generation &+= 1 }
    /// Subscriptions in this shard, shared ones included.
    private(set) var count = 0

    init() {}

    deinit {
        // Memory of lists with more than one subscription.
        var pending: [UInt32] = [TopicTrie<SubscriberList>.root]
        while let node = pending.popLast() {
            trie[node].pointee.value.more?.deallocate()
            var child = trie[node].pointee.firstChild
            while child != 0 {
                pending.append(child)
                child = trie[child].pointee.nextSibling
            }
        }
    }

    // MARK: - Changes

    /// The node of a filter, made where it is missing; ``prune(_:)`` removes it when it is not used.
    mutating func node(for filter: borrowing TopicLevels) -> UInt32 { trie.insert(filter) }

    func find(_ filter: borrowing TopicLevels) -> UInt32 { trie.find(filter) }

    func subscribers(at node: UInt32) -> SubscriberList { trie[node].pointee.value }

    mutating func add(_ subscription: NodeSubscription, at node: UInt32) {
        trie[node].pointee.value.append(subscription)
        count += 1
        generation &+= 1
    }

    mutating func replace(_ subscription: NodeSubscription, at node: UInt32, index: UInt32) {
        trie[node].pointee.value[index] = subscription
        generation &+= 1
    }

    /// Takes the session's subscription at `node` out. The caller prunes.
    mutating func remove(session: Int32, at node: UInt32) {
        guard let i = trie[node].pointee.value.index(ofSession: session) else { return }
        trie[node].pointee.value.remove(at: i)
        count -= 1
        generation &+= 1
    }

    /// Tells a subscription that its place in its session's list is now `backIndex`.
    mutating func moveBackIndex(session: Int32, at node: UInt32, to backIndex: UInt32) {
        guard let i = trie[node].pointee.value.index(ofSession: session) else { return }
        trie[node].pointee.value[i].backIndex = backIndex
    }

    mutating func setCheck(_ checks: Bool, session: Int32, at node: UInt32) {
        guard let i = trie[node].pointee.value.index(ofSession: session) else { return }
        let old = trie[node].pointee.value[i].options.rawValue
        trie[node].pointee.value[i].options = .init(rawValue: checks ? old | 0x40 : old & ~0x40)
        generation &+= 1
    }

    func name(of node: UInt32) -> [UInt8] { trie.name(of: node) }

    mutating func setRemote(_ interested: Bool, shard: UInt8, at node: UInt32) {
        let bit = UInt32(1) << UInt32(shard)
        if interested {
            trie[node].pointee.value.remoteShards |= bit
        } else {
            trie[node].pointee.value.remoteShards &= ~bit
        }
        generation &+= 1
    }

    mutating func prune(_ node: UInt32) { trie.prune(node) { $0.isEmpty } }

    // MARK: - Shared groups

    func group(named name: String, at node: UInt32) -> Int32? {
        var index = trie[node].pointee.value.firstGroup
        while index >= 0 {
            guard let group = groups[Int(index)] else { return nil }
            if group.name == name { return index }
            index = group.next
        }
        return nil
    }

    /// Adds or changes a member; a member of this shard counts as a subscription.
    mutating func join(_ member: SharedGroup.Member, group name: String, at node: UInt32, isLocal: Bool)
        -> Int32
    {
        generation &+= 1
        let index: Int32
        if let existing = group(named: name, at: node) {
            index = existing
        } else {
            let group = SharedGroup(node: node, name: name)
            group.next = trie[node].pointee.value.firstGroup
            if let free = freeGroups.popLast() {
                index = free
                groups[Int(free)] = group
            } else {
                index = Int32(groups.count)
                groups.append(group)
            }
            trie[node].pointee.value.firstGroup = index
        }
        guard let group = groups[Int(index)] else { return index }
        if isLocal, group.index(shard: member.shard, session: member.session) == nil { count += 1 }
        group.add(member)
        return index
    }

    /// Removes a member, and the group with its last one. The caller prunes.
    mutating func leave(shard: UInt8, session: Int32, group index: Int32, isLocal: Bool) {
        guard index >= 0, index < groups.count, let group = groups[Int(index)],
            group.index(shard: shard, session: session) != nil
        else { return }
        group.remove(shard: shard, session: session)
        if isLocal { count -= 1 }
        generation &+= 1
        guard group.members.isEmpty else { return }
        let node = group.node
        var link = trie[node].pointee.value.firstGroup
        if link == index {
            trie[node].pointee.value.firstGroup = group.next
        } else {
            while link >= 0, let previous = groups[Int(link)] {
                if previous.next == index {
                    previous.next = group.next
                    break
                }
                link = previous.next
            }
        }
        groups[Int(index)] = nil
        freeGroups.append(index)
    }

    // MARK: - Lookup

    /// Calls `found` for each node whose filter matches the topic cut into `levels`.
    ///
    /// - Parameter isSystem: the topic begins with `$`, so that no filter that begins with a wildcard
    ///   matches it `[MQTT-4.7.2-1]`.
    func match(
        _ levels: borrowing TopicLevels,
        isSystem: Bool,
        _ found: (UnsafeMutablePointer<SubscriberList>) -> Void
    ) {
        match(TopicTrie<SubscriberList>.root, levels, 0, isSystem, found)
    }

    private func match(
        _ node: UInt32,
        _ levels: borrowing TopicLevels,
        _ depth: Int,
        _ isSystem: Bool,
        _ found: (UnsafeMutablePointer<SubscriberList>) -> Void
    ) {
        let place = trie[node]
        let wildcards = !(isSystem && depth == 0)
        if wildcards, place.pointee.multi != 0 { visit(place.pointee.multi, found) }
        if depth == levels.count {
            visit(node, found)
            return
        }
        if wildcards, place.pointee.single != 0 {
            match(place.pointee.single, levels, depth + 1, isSystem, found)
        }
        if place.pointee.literals != 0 {
            let child = trie.child(of: node, levels[depth], in: levels.base)
            if child != 0 { match(child, levels, depth + 1, isSystem, found) }
        }
    }

    @inline(__always)
    private func visit(_ node: UInt32, _ found: (UnsafeMutablePointer<SubscriberList>) -> Void) {
        let place = trie[node]
        if place.pointee.value.isEmpty { return }
        withExtendedLifetime(place) { found(Self.value(of: $0)) }
    }

    @inline(__always)
    private static func value(
        of node: UnsafeMutablePointer<TopicTrie<SubscriberList>.Node>
    ) -> UnsafeMutablePointer<SubscriberList> {
        UnsafeMutableRawPointer(node)
            .advanced(by: MemoryLayout<TopicTrie<SubscriberList>.Node>.offset(of: \.value) ?? 0)
            .assumingMemoryBound(to: SubscriberList.self)
    }
}
