import EventBus
import JournalTesting
import MQTTWire

/// One run: publishers, subscribers and a site that dies at any point, from one seed.
struct CrashSimulation {
    let seed: UInt64
    private var random: SimulatedRandom
    private let site: SimulatedSite
    private let publishers: [SimulatedPublisher]
    private let subscribers: [SimulatedSubscriber]
    private(set) var failures: [String] = []

    var starts: Int { site.starts }
    var deliveries: Int { subscribers.reduce(0) { $0 + $1.deliveries.values.reduce(0) { $0 + $1.count } } }

    init(seed: UInt64) throws {
        self.seed = seed
        random = SimulatedRandom(seed: seed)
        let disk = SimulatedDisk(seed: random.next(), sectorBytes: Bool.random(using: &random) ? 512 : 4_096)
        site = try SimulatedSite(disk: disk)
        let limit = Int.random(in: 5...60, using: &random)
        publishers = [
            SimulatedPublisher(clientID: "one", topic: "s/one", qos: .atLeastOnce, limit: limit),
            SimulatedPublisher(clientID: "two", topic: "s/two", qos: .exactlyOnce, limit: limit),
            SimulatedPublisher(
                clientID: "kept",
                topic: "s/kept",
                qos: .atLeastOnce,
                limit: limit,
                retained: true
            ),
        ]
        subscribers = [
            SimulatedSubscriber(clientID: "all", filter: "s/#"),
            SimulatedSubscriber(clientID: "some", filter: "s/two"),
        ]
    }

    private var clients: [SimulatedClient] {
        subscribers as [SimulatedClient] + publishers as [SimulatedClient]
    }

    mutating func run() throws {
        // Subscriptions first: every message after them is owed to every subscriber.
        for subscriber in subscribers { subscriber.connect(site) }
        var patience = 10_000
        while subscribers.contains(where: { !$0.isSubscribed }), patience > 0 {
            try step(mayDie: true)
            patience -= 1
        }
        var steps = Int.random(in: 200...2_000, using: &random)
        while steps > 0 {
            try step(mayDie: true)
            for publisher in publishers where Int.random(in: 0..<3, using: &random) == 0 {
                publisher.act(&random)
            }
            steps -= 1
        }
        try settle()
        check()
    }

    /// Nothing dies any more: everything owed must arrive.
    private mutating func settle() throws {
        var patience = 200_000
        while patience > 0 {
            for publisher in publishers { publisher.act(&random) }
            try step(mayDie: false)
            patience -= 1
            let isQuiet =
                publishers.allSatisfy { $0.isDone && $0.isUp && !$0.hasOutput }
                && subscribers.allSatisfy { $0.isUp && !$0.hasOutput } && !site.shard.hasDirty
                && !site.commit()
            if isQuiet { break }
        }
        if patience == 0 { failures.append("the site never came to rest") }
        for _ in 0..<200 { try step(mayDie: false) }
    }

    private mutating func step(mayDie: Bool) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40:
            if let client = clients.randomElement(using: &random) {
                client.flush(site, atMost: Int.random(in: 1...400, using: &random))
            }
        case 40..<60: site.commit()
        case 60..<90: deliverOutput()
        case 90..<92: site.advance(milliseconds: UInt64.random(in: 1...50, using: &random))
        case 92..<97: clients.randomElement(using: &random)?.connect(site)
        case 97..<99:
            guard mayDie, let client = clients.randomElement(using: &random),
                let connection = client.connection
            else { break }
            client.lose()
            site.shard.closed(connection, cause: .peer)
        default:
            guard mayDie else { break }
            for client in clients { client.lose() }
            try site.restart(powerCut: Bool.random(using: &random))
        }
        if !mayDie { for client in clients { client.connect(site) } }
        takeEffects()
    }

    private func deliverOutput() {
        site.shard.takeDirty { slot in
            let bytes = Array(site.shard.output(of: slot))
            site.shard.consumeOutput(bytes.count, of: slot)
            guard let client = clients.first(where: { $0.connection?.slot == slot }) else { return }
            client.take(bytes)
            if let connection = client.connection { site.shard.outputDrained(connection) }
        }
    }

    private func takeEffects() {
        for effect in site.shard.takeEffects() {
            switch effect {
            case .close(let id):
                if let client = clients.first(where: { $0.connection == id }) { client.lose() }
                site.shard.closed(id, cause: .local)
            case .log(let event): site.note(event)
            default: break
            }
        }
    }

    // MARK: - What must hold

    private mutating func check() {
        for client in clients { failures += client.complaints }
        failures += site.errors
        for publisher in publishers {
            for subscriber in subscribers where subscriber.clientID == "all" || publisher.topic == "s/two" {
                check(publisher, subscriber)
            }
        }
    }

    private mutating func check(_ publisher: SimulatedPublisher, _ subscriber: SimulatedSubscriber) {
        let got = subscriber.deliveries[publisher.topic] ?? []
        let name = "\(publisher.clientID) to \(subscriber.clientID)"
        let have = Set(got)
        let lost = publisher.acknowledged.keys.filter { !have.contains($0) }.sorted()
        if !lost.isEmpty { failures.append("\(name): acknowledged and lost: \(lost)") }
        let invented = have.filter { $0 < 0 || $0 >= publisher.next }
        if !invented.isEmpty { failures.append("\(name): never published: \(invented)") }
        if publisher.topic == "s/two" {
            let twice = Dictionary(grouping: got) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
            if !twice.isEmpty { failures.append("\(name): QoS 2 delivered twice: \(twice)") }
        }
        // Promise 4: the order of first arrivals is the order of publication.
        var seen: Set<Int> = []
        let firsts = got.filter { seen.insert($0).inserted }
        if firsts != firsts.sorted() { failures.append("\(name): out of order: \(got)") }
    }
}
