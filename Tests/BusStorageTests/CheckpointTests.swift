import BusStorage
import EventBus
import JournalTesting
import MQTTWire
import Testing

/// What checkpoints are for: a start that reads little, and a journal that gives room back.
@Suite struct CheckpointTests {
    private func run(_ site: SimulatedSite, _ clients: [SimulatedClient]) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for client in clients where client.hasOutput {
                client.flush(site, atMost: 1 << 20)
                isMoving = true
            }
            if site.commit() { isMoving = true }
            site.shard.takeDirty { slot in
                isMoving = true
                let bytes = Array(site.shard.output(of: slot))
                site.shard.consumeOutput(bytes.count, of: slot)
                clients.first { $0.connection?.slot == slot }?.take(bytes)
            }
            _ = site.shard.takeEffects()
        }
    }

    private func publish(
        _ count: Int,
        _ site: SimulatedSite,
        _ publisher: SimulatedPublisher,
        _ others: [SimulatedClient]
    ) {
        var random = SimulatedRandom(seed: 1)
        for _ in 0..<count {
            publisher.act(&random)
            run(site, [publisher] + others)
        }
    }

    private func leave(_ client: SimulatedClient, _ site: SimulatedSite) {
        guard let connection = client.connection else { return }
        client.lose()
        site.shard.closed(connection, cause: .peer)
        run(site, [])
    }

    @Test func `a start reads what came after the checkpoint, however much is kept`() throws {
        let site = try SimulatedSite(disk: SimulatedDisk(seed: 1), checkpointBytes: 20_000)
        let away = SimulatedSubscriber(clientID: "away", filter: "t/#")
        let idle = SimulatedSubscriber(clientID: "idle", filter: "never")
        let publisher = SimulatedPublisher(
            clientID: "pub",
            topic: "t/x",
            qos: .atLeastOnce,
            limit: 2_000,
            size: 100
        )
        for client in [away, idle, publisher] { client.connect(site) }
        run(site, [away, idle, publisher])
        leave(away, site)
        publish(2_000, site, publisher, [idle])
        #expect(publisher.acknowledged.count == 2_000)
        for client in [away, idle, publisher] { client.lose() }
        try site.restart(powerCut: true)
        #expect(site.report.recordsRead < 400, "2,000 messages of 160 bytes, a checkpoint every 20,000 bytes")
        #expect(site.report.sessions == 3)
        away.connect(site)
        idle.connect(site)
        run(site, [away, idle])
        #expect(away.deliveries["t/x"] == Array(0..<2_000))
        #expect(idle.deliveries.isEmpty)
        #expect(away.complaints + idle.complaints == [])
    }

    @Test func `a session that wants little does not hold back what others are through with`() throws {
        let site = try SimulatedSite(
            disk: SimulatedDisk(seed: 1),
            checkpointBytes: 100_000,
            bytesMaximum: 1 << 20
        )
        let subscriber = SimulatedSubscriber(clientID: "sub", filter: "t/#")
        let idle = SimulatedSubscriber(clientID: "idle", filter: "never")
        let publisher = SimulatedPublisher(
            clientID: "pub",
            topic: "t/x",
            qos: .exactlyOnce,
            limit: 5_000,
            size: 1_000
        )
        for client in [subscriber, idle, publisher] { client.connect(site) }
        run(site, [subscriber, idle, publisher])
        leave(idle, site)
        publish(5_000, site, publisher, [subscriber])
        #expect(publisher.refused.isEmpty)
        #expect(subscriber.deliveries["t/x"] == Array(0..<5_000))
        #expect(site.disk.usedBytes < 2 << 20)
    }

    @Test func `a full journal refuses, and takes more when the backlog is fetched`() throws {
        let site = try SimulatedSite(
            disk: SimulatedDisk(seed: 1),
            checkpointBytes: 100_000,
            bytesMaximum: 1 << 20
        )
        let away = SimulatedSubscriber(clientID: "away", filter: "t/#")
        let publisher = SimulatedPublisher(
            clientID: "pub",
            topic: "t/x",
            qos: .atLeastOnce,
            limit: 3_000,
            size: 1_000
        )
        away.connect(site)
        publisher.connect(site)
        run(site, [away, publisher])
        leave(away, site)
        publish(1_500, site, publisher, [])
        #expect(publisher.acknowledged.count > 500)
        #expect(publisher.refused.count > 200)
        let kept = publisher.acknowledged.count
        away.connect(site)
        run(site, [away, publisher])
        #expect(away.deliveries["t/x"]?.count == kept)
        // The next second: a checkpoint tells the journal what is no longer needed.
        site.advance(milliseconds: 2_000)
        publish(10, site, publisher, [away])
        let before = publisher.refused.count
        publish(200, site, publisher, [away])
        #expect(publisher.refused.count == before, "there is room again")
        #expect(away.deliveries["t/x"]?.count ?? 0 >= kept + 200)
    }

    @Test func `retained messages outlive the log they were written to`() throws {
        let site = try SimulatedSite(
            disk: SimulatedDisk(seed: 1),
            checkpointBytes: 50_000,
            bytesMaximum: 1 << 20
        )
        let keeper = SimulatedPublisher(
            clientID: "keeper",
            topic: "r/kept",
            qos: .atLeastOnce,
            limit: 1,
            retained: true
        )
        let noise = SimulatedPublisher(
            clientID: "noise",
            topic: "r/noise",
            qos: .atLeastOnce,
            limit: 4_000,
            retained: true,
            size: 1_000
        )
        keeper.connect(site)
        noise.connect(site)
        run(site, [keeper, noise])
        publish(1, site, keeper, [noise])
        publish(4_000, site, noise, [keeper])
        #expect(noise.refused.isEmpty)
        keeper.lose()
        noise.lose()
        try site.restart(powerCut: true)
        let subscriber = SimulatedSubscriber(clientID: "sub", filter: "r/#")
        subscriber.connect(site)
        run(site, [subscriber])
        #expect(subscriber.deliveries == ["r/kept": [0], "r/noise": [3_999]])
    }

    @Test func `a damaged checkpoint costs nothing but the time of the one before`() throws {
        let disk = SimulatedDisk(seed: 1)
        let site = try SimulatedSite(disk: disk, checkpointBytes: 20_000)
        let away = SimulatedSubscriber(clientID: "away", filter: "t/#")
        let publisher = SimulatedPublisher(
            clientID: "pub",
            topic: "t/x",
            qos: .atLeastOnce,
            limit: 1_000,
            size: 100
        )
        away.connect(site)
        publisher.connect(site)
        run(site, [away, publisher])
        leave(away, site)
        publish(1_000, site, publisher, [])
        away.lose()
        publisher.lose()
        let checkpoints = try disk.list("/journal").map(\.name).filter { $0.hasSuffix(".checkpoint") }
            .sorted()
        let newest = try #require(checkpoints.last)
        #expect(checkpoints.count == 2)
        disk.flipBit("/journal/\(newest)", offset: 4_200, bit: 3)
        try site.restart(powerCut: false)
        #expect(site.report.checkpointsSkipped.count == 1)
        away.connect(site)
        run(site, [away])
        #expect(away.deliveries["t/x"] == Array(0..<1_000))
    }
}
