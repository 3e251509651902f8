import MECModel

/// Watches the distances of a UserDistanceSubscription, MEC 013 6.3.
struct DistanceWatch: Sendable {
    struct Pair: Sendable {
        var a: String
        var b: String
        /// `nil` while one of the places is unknown.
        var isWithin: Bool?
    }

    private(set) var pairs: [Pair] = []
    private let criteria: DistanceCriteria
    private let distance: Double
    private let accuracy: Double
    private var isTrue = false

    /// Each monitored user with each reference user or, without those, each pair of monitored users.
    init(_ subscription: UserDistanceCriteria) {
        criteria = subscription.criteria
        distance = subscription.distance
        accuracy = subscription.trackingAccuracy
        let monitored = subscription.monitoredAddress
        if let references = subscription.referenceAddress, !references.isEmpty {
            for a in monitored {
                for b in references where a != b { pairs.append(Pair(a: a, b: b)) }
            }
        } else {
            for (index, a) in monitored.enumerated() {
                for b in monitored.dropFirst(index + 1) where a != b { pairs.append(Pair(a: a, b: b)) }
            }
        }
    }

    var addresses: Set<String> { Set(pairs.flatMap { [$0.a, $0.b] }) }

    /// Measures the pairs of `address` anew.
    /// - Returns: The addresses to tell of, if what is watched for has just become true.
    mutating func moved(_ address: String, place: (String) -> LocationInfo?) -> [String]? {
        for index in pairs.indices where pairs[index].a == address || pairs[index].b == address {
            measure(index, place)
        }
        return becameTrue()
    }

    /// Measures all pairs, at the beginning.
    /// - Returns: The addresses to tell of, if what is watched for is true.
    mutating func measureAll(place: (String) -> LocationInfo?) -> [String]? {
        for index in pairs.indices { measure(index, place) }
        return becameTrue()
    }

    private mutating func measure(_ index: Int, _ place: (String) -> LocationInfo?) {
        guard let a = place(pairs[index].a), let b = place(pairs[index].b) else {
            pairs[index].isWithin = nil
            return
        }
        // A position that is less sure than the subscriber accepts decides nothing.
        guard isSure(a), isSure(b) else { return }
        pairs[index].isWithin = Geodesy.distance(a.point, b.point) <= distance
    }

    private func isSure(_ place: LocationInfo) -> Bool {
        accuracy <= 0 || Double(place.accuracy ?? 0) <= accuracy
    }

    private mutating func becameTrue() -> [String]? {
        let wantsWithin = criteria == .allWithin || criteria == .anyWithin
        let matching = pairs.filter { $0.isWithin == wantsWithin }
        let holds =
            switch criteria {
            case .allWithin, .allBeyond: !pairs.isEmpty && matching.count == pairs.count
            case .anyWithin, .anyBeyond: !matching.isEmpty
            }
        defer { isTrue = holds }
        guard holds, !isTrue else { return nil }
        var told: [String] = []
        for pair in matching {
            for address in [pair.a, pair.b] where !told.contains(address) { told.append(address) }
        }
        return told
    }
}
