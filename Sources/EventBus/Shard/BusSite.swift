package import Access
import MQTTWire
import Synchronization

/// What all shards of one process share. Behind locks that no message without RETAIN ever takes.
package final class BusSite: Sendable {
    package let shardCount: Int
    let hashKey: UInt64
    /// As the shards were started with; ``BusShard/reload(_:_:)`` gives each its new ones.
    let settings: BusSettings
    package let access: AccessControl
    package let retained = RetainedStore()
    package let throttle: AttemptThrottle
    /// In which shard the session of a client identifier lives.
    private let homes = Mutex<[ExactString: UInt8]>([:])
    private let random: Mutex<any RandomNumberGenerator & Sendable>

    /// - Parameters:
    ///   - shardCount: 1…32.
    ///   - random: for the hash key and assigned client identifiers; a seeded one in simulations.
    package init(
        settings: BusSettings,
        access: AccessControl,
        shardCount: Int = 1,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        precondition((1...32).contains(shardCount), "1 to 32 shards")
        self.settings = settings
        self.access = access
        self.shardCount = shardCount
        var random = random
        hashKey = random.next()
        throttle = AttemptThrottle(access.settings.throttle)
        self.random = Mutex(random)
        counters = Mutex(Array(repeating: BusCounters(), count: shardCount))
    }

    /// The counters of each shard as of its last report, for `$SYS`.
    private let counters: Mutex<[BusCounters]>

    /// What all shards have counted, with `own` as the newest figures of shard `index`.
    func total(adding own: BusCounters, of index: Int) -> BusCounters {
        counters.withLock { all in
            all[index] = own
            return all.reduce(BusCounters()) { $0 + $1 }
        }
    }

    /// Sessions in all shards.
    package var sessionCount: Int { homes.withLock { $0.count } }

    func home(of clientID: String) -> Int? {
        if shardCount == 1 { return nil }
        return homes.withLock { $0[ExactString(clientID)].map(Int.init) }
    }

    /// Makes `shard` the home of a client identifier. `false` when another has it, or `limit` is reached.
    func claim(_ clientID: String, for shard: Int, limit: Int) -> Bool {
        homes.withLock { homes in
            let key = ExactString(clientID)
            if let home = homes[key] { return Int(home) == shard }
            guard homes.count < limit else { return false }
            homes[key] = UInt8(shard)
            return true
        }
    }

    func release(_ clientID: String, from shard: Int) {
        homes.withLock { homes in
            let key = ExactString(clientID)
            if homes[key] == UInt8(shard) { homes[key] = nil }
        }
    }

    /// A client identifier that nobody else has `[MQTT-3.2.2-16]`.
    func makeClientID() -> String {
        let (a, b) = random.withLock { random in (random.next(), random.next()) }
        let digits = String(a, radix: 36) + String(b, radix: 36)
        return "weir-" + digits
    }
}
