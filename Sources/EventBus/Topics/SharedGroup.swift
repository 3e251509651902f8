import MQTTWire

/// The members of one `$share/{name}/{filter}`, `[MQTT 4.8.2]`: each message goes to one of them.
final class SharedGroup {
    struct Member {
        /// The shard where the session lives; the group is known in all of them.
        var shard: UInt8
        /// Slot of the session in its shard.
        var session: Int32
        var subscription: NodeSubscription
    }

    let node: UInt32
    let name: String
    /// The next group at the same filter, or -1.
    var next: Int32 = -1
    private(set) var members: [Member] = []
    private var turn = 0

    init(node: UInt32, name: String) {
        self.node = node
        self.name = name
    }

    func add(_ member: Member) {
        if let i = index(shard: member.shard, session: member.session) {
            members[i] = member
        } else {
            members.append(member)
        }
    }

    func remove(shard: UInt8, session: Int32) {
        guard let i = index(shard: shard, session: session) else { return }
        members.remove(at: i)
        if turn > i { turn -= 1 }
    }

    func moveBackIndex(shard: UInt8, session: Int32, to backIndex: UInt32) {
        guard let i = index(shard: shard, session: session) else { return }
        members[i].subscription.backIndex = backIndex
    }

    func index(shard: UInt8, session: Int32) -> Int? {
        members.firstIndex { $0.shard == shard && $0.session == session }
    }

    /// Chooses the next member in turn whom `suits` finds best.
    ///
    /// Each member is asked at most once a message: 0 takes it at once, a higher number is worse,
    /// `nil` refuses. So messages spread evenly over those who can take them now, and fall back to
    /// those with a full window, then to those who are away.
    func choose(_ suits: (Member) -> Int?) -> Member? {
        guard !members.isEmpty else { return nil }
        if turn >= members.count { turn = 0 }
        var best: Int?
        var bestCost = Int.max
        for step in 0..<members.count {
            var i = turn + step
            if i >= members.count { i -= members.count }
            guard let cost = suits(members[i]) else { continue }
            if cost < bestCost {
                best = i
                bestCost = cost
                if cost == 0 { break }
            }
        }
        guard let best else { return nil }
        turn = best + 1
        return members[best]
    }
}
