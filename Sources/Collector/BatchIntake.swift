package import Uplink

/// Takes in what sites send, and says what to answer: checks, drops repeats, stores events together with how far
/// the lane is covered in one transaction. Without clock, socket or thread.
package final class BatchIntake {
    package struct Settings: Sendable {
        /// How long a site must be silent before another one of its name takes its place.
        package var takeoverAfter = Duration.seconds(30)
        package init() {}
    }

    /// An answer, and the site it goes to.
    package struct Reply: Sendable, Equatable {
        package var site: String
        package var instance: SiteInstance
        package var answer: Answer
    }

    package struct Counters: Sendable, Equatable {
        package var batches: UInt64 = 0
        package var events: UInt64 = 0
        package var repeatedBatches: UInt64 = 0
        package var repeatedEvents: UInt64 = 0
        package var corrupt: UInt64 = 0
        package var refused: UInt64 = 0
        package var conflicts: UInt64 = 0
        package var transactions: UInt64 = 0
        package var wireBytes: UInt64 = 0
        package var bodyBytes: UInt64 = 0
    }

    private let database: any CollectorDatabase
    private let settings: Settings
    private let reader = BatchReader()
    package private(set) var counters = Counters()

    package init(_ database: any CollectorDatabase, _ settings: Settings = Settings()) {
        self.database = database
        self.settings = settings
    }

    /// Stores a group of batches by one transaction.
    ///
    /// A batch that the database refuses for its content does not hold the others up: the group is then stored
    /// one by one.
    ///
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: answers, at most one for each site; durable when this returns.
    /// - Throws: when the database is of no use now; nothing was stored, and nothing may be answered.
    package func store(_ messages: [[UInt8]], now: Int64) throws -> [Reply] {
        var replies = Replies()
        let before = counters
        do {
            try database.transaction {
                counters.transactions += 1
                for message in messages { try take(message, now, &replies) }
            }
        } catch {
            counters = before
            guard messages.count > 1 || (error as? DatabaseError)?.isPermanent == true else { throw error }
            if messages.count == 1 { return refuse(messages[0], "\(error)") }
            return try messages.flatMap { try store([$0], now: now) }
        }
        return replies.all
    }

    private func refuse(_ message: [UInt8], _ reason: String) -> [Reply] {
        counters.refused += 1
        guard let header = try? message.withUnsafeBytes({ try BatchReader.header(of: $0) }) else { return [] }
        var replies = Replies()
        replies.add(Answer.Outcome(header, .refused, reason: reason), header.site, header.instance)
        return replies.all
    }

    private func take(_ message: [UInt8], _ now: Int64, _ replies: inout Replies) throws {
        try message.withUnsafeBytes { bytes in
            do {
                try reader.read(bytes) { header, events in
                    try store(header, &events, wireBytes: bytes.count, now, &replies)
                }
            } catch let error as BatchError {
                tellAbout(error, bytes, &replies)
            }
        }
    }

    /// What cannot be read can be answered only where at least the header can be trusted.
    private func tellAbout(_ error: BatchError, _ bytes: UnsafeRawBufferPointer, _ replies: inout Replies) {
        guard error.isPermanent else {
            // Nobody can say whose it is; the site sends it again when no answer comes.
            counters.corrupt += 1
            return
        }
        counters.refused += 1
        guard let header = try? BatchReader.header(of: bytes) else { return }
        replies.add(
            Answer.Outcome(header, .refused, reason: error.description),
            header.site,
            header.instance
        )
    }

    private func store(
        _ header: BatchHeader,
        _ events: inout BatchEvents,
        wireBytes: Int,
        _ now: Int64,
        _ replies: inout Replies
    ) throws {
        guard let site = try admit(header.site, header.instance, version: nil, now, &replies) else {
            counters.conflicts += 1
            let reason = Self.conflict(header.site)
            replies.add(Answer.Outcome(header, .conflict, reason: reason), header.site, header.instance)
            return
        }
        var lane = try database.lane(site: site.id, header.lane, epoch: header.epoch)
        let range = Coverage.Range(after: header.after, last: header.last)
        counters.batches += 1
        counters.wireBytes += UInt64(wireBytes)
        if lane.coverage.contains(range) {
            counters.repeatedBatches += 1
            counters.repeatedEvents += UInt64(header.count)
            lane.repeats += UInt64(header.count)
            try database.save(lane, coverage: lane.coverage)
            replies.add(Answer.Outcome(header, .repeated), header.site, header.instance)
            return
        }
        let isPartlyThere = lane.coverage.intersects(range)
        let stored = try database.insert(&events, lane: lane.id, notIn: isPartlyThere ? lane.coverage : nil)
        let old = lane.coverage
        lane.coverage.insert(range)
        lane.events += stored
        lane.batches += 1
        lane.repeats += UInt64(header.count) - stored
        if !isPartlyThere {
            lane.dropped += header.dropped
            lane.thinned += header.thinned
        }
        lane.wireBytes += UInt64(wireBytes)
        lane.newestTime = max(lane.newestTime, header.timeMax)
        lane.committedAt = now
        try database.save(lane, coverage: old)
        counters.events += stored
        counters.repeatedEvents += UInt64(header.count) - stored
        counters.bodyBytes += UInt64(header.bodySize)
        replies.add(Answer.Outcome(header, .committed), header.site, header.instance)
    }

    /// Answers a sign of life with how far each of the site's lanes is covered.
    package func hello(_ hello: Hello, now: Int64) throws -> [Reply] {
        try database.transaction {
            var replies = Replies()
            var answer = Answer()
            answer.nonce = hello.nonce
            if let site = try admit(hello.site, hello.instance, version: hello.version, now, &replies) {
                for report in hello.lanes {
                    var lane = try database.lane(site: site.id, report.lane, epoch: report.epoch)
                    lane.backlogEvents = report.backlogEvents
                    lane.backlogBytes = report.backlogBytes
                    lane.backlogSince = report.backlogSince
                    try database.save(lane, coverage: lane.coverage)
                    answer.watermarks.append(
                        .init(lane: report.lane, epoch: report.epoch, sequence: lane.coverage.watermark)
                    )
                }
                if site.rivalSeenAt + settings.takeoverAfter.milliseconds > now {
                    answer.conflict = Self.conflict(hello.site)
                }
            } else {
                counters.conflicts += 1
                answer.conflict = Self.conflict(hello.site)
            }
            replies.add(answer, hello.site, hello.instance)
            return replies.all
        }
    }

    /// The site's record, or `nil` for a second site of the name while the first is at work. Both are told.
    private func admit(
        _ name: String,
        _ instance: SiteInstance,
        version: String?,
        _ now: Int64,
        _ replies: inout Replies
    ) throws -> SiteRecord? {
        var site = try database.site(name) ?? SiteRecord(name: name, instance: instance)
        // Where our clock went back, nobody was seen in its future: or a site that replaces another would be refused
        // until the clock is there again.
        if max(site.seenAt, site.rivalSeenAt) > now + settings.takeoverAfter.milliseconds {
            site.seenAt = min(site.seenAt, now)
            site.rivalSeenAt = min(site.rivalSeenAt, now)
            site = try database.save(site)
        }
        let isSilent = site.seenAt + settings.takeoverAfter.milliseconds <= now
        guard site.instance == instance || isSilent else {
            if site.rival != instance || site.rivalSeenAt + 1_000 < now {
                site.rival = instance
                site.rivalSeenAt = now
                _ = try database.save(site)
                var notice = Answer()
                notice.conflict = Self.conflict(name)
                replies.add(notice, name, site.instance)
            }
            return nil
        }
        // Written once a second at most: the batches of a second share one row.
        let isDue = site.seenAt + 1_000 < now || (version != nil && version != site.version)
        guard site.id == 0 || site.instance != instance || isDue else { return site }
        if site.instance != instance { (site.rival, site.rivalSeenAt) = (nil, 0) }
        site.instance = instance
        site.seenAt = now
        if let version { site.version = version }
        return try database.save(site)
    }

    private static func conflict(_ name: String) -> String {
        """
        two sites call themselves "\(name)"; what the second sends is not stored. Give one of them another \
        uplink.site, or, where it replaces the other, stop the other.
        """
    }
}

/// Answers gathered by the site they go to.
private struct Replies {
    private(set) var all: [BatchIntake.Reply] = []

    mutating func add(_ outcome: Answer.Outcome, _ site: String, _ instance: SiteInstance) {
        if let index = all.firstIndex(where: { $0.instance == instance && $0.site == site }) {
            all[index].answer.outcomes.append(outcome)
            return
        }
        var answer = Answer()
        answer.outcomes = [outcome]
        all.append(.init(site: site, instance: instance, answer: answer))
    }

    mutating func add(_ answer: Answer, _ site: String, _ instance: SiteInstance) {
        all.append(.init(site: site, instance: instance, answer: answer))
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
