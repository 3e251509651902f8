/// The routes of the topics used lately: a fixed table, two places for each hash.
///
/// A stale route (the index has changed since) is looked up again in place; the less recently used
/// of the two places makes room for a new topic. So the cache never grows and a flood of new topics
/// costs each of them one lookup, as if there were no cache.
struct RouteCache: ~Copyable {
    private let routes: UnsafeMutablePointer<UnsafeMutablePointer<Route>?>
    private let lastUsed: UnsafeMutablePointer<UInt8>
    private let mask: Int

    /// - Parameter capacity: rounded up to a power of two, at least 64.
    init(capacity: Int) {
        var size = 64
        while size < capacity { size *= 2 }
        mask = size / 2 - 1
        routes = .allocate(capacity: size)
        routes.initialize(repeating: nil, count: size)
        lastUsed = .allocate(capacity: size / 2)
        lastUsed.initialize(repeating: 0, count: size / 2)
    }

    deinit {
        for i in 0..<(mask + 1) * 2 {
            guard let route = routes[i] else { continue }
            route.pointee.destroy()
            route.deinitialize(count: 1)
            route.deallocate()
        }
        routes.deallocate()
        lastUsed.deallocate()
    }

    /// The place for this topic and whether it holds it already; otherwise it was reset for it.
    ///
    /// The pointer stays valid for the life of the cache, its content until the next call.
    @inline(__always)
    func place(for topic: UnsafeRawBufferPointer, hash: UInt64) -> (
        UnsafeMutablePointer<Route>, isKnown: Bool
    ) {
        let set = Int(truncatingIfNeeded: hash) & mask
        let pair = routes + set * 2
        if let route = pair[0], route.pointee.holds(topic, hash: hash) {
            lastUsed[set] = 0
            return (route, true)
        }
        if let route = pair[1], route.pointee.holds(topic, hash: hash) {
            lastUsed[set] = 1
            return (route, true)
        }
        return (claim(pair, set, topic, hash), false)
    }

    @inline(never)
    private func claim(
        _ pair: UnsafeMutablePointer<UnsafeMutablePointer<Route>?>,
        _ set: Int,
        _ topic: UnsafeRawBufferPointer,
        _ hash: UInt64
    ) -> UnsafeMutablePointer<Route> {
        let way = pair[0] == nil ? 0 : pair[1] == nil ? 1 : 1 - Int(lastUsed[set])
        lastUsed[set] = UInt8(way)
        let route: UnsafeMutablePointer<Route>
        if let used = pair[way] {
            route = used
        } else {
            route = .allocate(capacity: 1)
            route.initialize(to: Route())
            pair[way] = route
        }
        route.pointee.reset(topic, hash: hash)
        return route
    }
}
