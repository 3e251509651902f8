internal import CSQLite
package import Uplink

/// Events in one SQLite file: the default.
///
/// Write-ahead logging with `synchronous=FULL`: a transaction that has returned survives a power cut. Other
/// processes may read while this one writes.
package final class SQLiteDatabase: CollectorDatabase {
    private let connection: SQLiteConnection
    private let insertEvent: SQLiteStatement
    private let findSite: SQLiteStatement
    private let addSite: SQLiteStatement
    private let updateSite: SQLiteStatement
    private let findLane: SQLiteStatement
    private let addLane: SQLiteStatement
    private let updateLane: SQLiteStatement
    private let findCoverage: SQLiteStatement
    private let deleteCoverage: SQLiteStatement
    private let addCoverage: SQLiteStatement
    private var topics: NameTable
    private var sources: NameTable
    private var topicIDs: [Int64] = []
    private var sourceIDs: [Int64] = []

    /// Opens the file, and makes it and its tables where they are not there.
    package init(path: String) throws {
        connection = try SQLiteConnection(path: path, readOnly: false)
        try connection.run("PRAGMA journal_mode=WAL")
        try connection.run("PRAGMA synchronous=FULL")
        try connection.run("PRAGMA cache_size=-65536")
        try connection.run("PRAGMA wal_autocheckpoint=8192")
        try Self.prepareSchema(connection)
        insertEvent = try connection.prepare("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?)")
        findSite = try connection.prepare(
            "SELECT id, instance, version, seen_at, rival, rival_seen_at FROM site WHERE name = ?"
        )
        addSite = try connection.prepare("INSERT INTO site (name, instance) VALUES (?, ?)")
        updateSite = try connection.prepare(
            "UPDATE site SET instance=?, version=?, seen_at=?, rival=?, rival_seen_at=? WHERE id=?"
        )
        findLane = try connection.prepare(
            "SELECT \(LaneColumns.list) FROM lane WHERE site = ? AND name = ? AND epoch = ?"
        )
        addLane = try connection.prepare("INSERT INTO lane (site, name, epoch) VALUES (?, ?, ?)")
        updateLane = try connection.prepare("UPDATE lane SET \(LaneColumns.assignments) WHERE id = ?")
        findCoverage = try connection.prepare(
            "SELECT after, last FROM coverage WHERE lane = ? ORDER BY after"
        )
        deleteCoverage = try connection.prepare("DELETE FROM coverage WHERE lane = ?")
        addCoverage = try connection.prepare("INSERT INTO coverage VALUES (?,?,?)")
        topics = try NameTable(connection, "topic")
        sources = try NameTable(connection, "source")
    }

    static let version: Int64 = 1

    private static func prepareSchema(_ connection: SQLiteConnection) throws {
        let version = try connection.number("PRAGMA user_version")
        guard version == 0 || version == Self.version else {
            throw DatabaseError(
                """
                "\(connection.path)": schema version \(version), expected \(Self.version); it was written by \
                another version of Weir.
                """
            )
        }
        try connection.run(republishTable)
        if version == Self.version { return }
        try connection.run("BEGIN IMMEDIATE")
        for statement in schema { try connection.run(statement) }
        try connection.run("PRAGMA user_version=\(Self.version)")
        try connection.run("COMMIT")
    }

    /// How far each lane was published again, by which collector, and until when the lane is its own.
    private static let republishTable = """
        CREATE TABLE IF NOT EXISTS republish (
          lane INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, owner TEXT NOT NULL, until INTEGER NOT NULL)
        """

    /// Topics and publishers are numbers in `event`; the view `events` has their names.
    private static let schema = [
        """
        CREATE TABLE IF NOT EXISTS site (
          id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, instance BLOB NOT NULL,
          version TEXT NOT NULL DEFAULT '', seen_at INTEGER NOT NULL DEFAULT 0,
          rival BLOB, rival_seen_at INTEGER NOT NULL DEFAULT 0)
        """,
        """
        CREATE TABLE IF NOT EXISTS lane (
          id INTEGER PRIMARY KEY, site INTEGER NOT NULL REFERENCES site, name TEXT NOT NULL, epoch INTEGER NOT NULL,
          \(LaneColumns.counters.map { "\($0) INTEGER NOT NULL DEFAULT 0" }.joined(separator: ", ")),
          UNIQUE (site, name, epoch))
        """,
        """
        CREATE TABLE IF NOT EXISTS coverage (
          lane INTEGER NOT NULL, after INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (lane, after)) WITHOUT ROWID
        """,
        "CREATE TABLE IF NOT EXISTS topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE IF NOT EXISTS source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        """
        CREATE TABLE IF NOT EXISTS event (
          lane INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL, topic INTEGER NOT NULL,
          source INTEGER NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL, expires_at INTEGER NOT NULL,
          properties BLOB, payload BLOB NOT NULL, PRIMARY KEY (lane, sequence)) WITHOUT ROWID
        """,
        """
        CREATE VIEW IF NOT EXISTS events AS
          SELECT site.name AS site, lane.name AS lane, lane.epoch, event.sequence, event.time, topic.name AS topic,
            source.name AS source, event.qos, event.retain, event.expires_at, event.properties, event.payload
          FROM event JOIN lane ON lane.id = event.lane JOIN site ON site.id = lane.site
            JOIN topic ON topic.id = event.topic JOIN source ON source.id = event.source
        """,
    ]

    package func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try connection.run("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try connection.run("COMMIT")
            return result
        } catch {
            try? connection.run("ROLLBACK")
            // Names that were given numbers in here have none any more.
            topics.forget()
            sources.forget()
            throw error
        }
    }

    // MARK: - Sites and lanes

    package func site(_ name: String) throws -> SiteRecord? {
        findSite.bind(1, name)
        defer { findSite.reset() }
        guard try findSite.step(), let instance = SiteInstance(findSite.blob(1)) else { return nil }
        var site = SiteRecord(name: name, instance: instance)
        site.id = findSite.number(0)
        site.version = findSite.text(2)
        site.seenAt = findSite.number(3)
        site.rival = SiteInstance(findSite.blob(4))
        site.rivalSeenAt = findSite.number(5)
        return site
    }

    package func save(_ site: SiteRecord) throws -> SiteRecord {
        var site = site
        if site.id == 0 {
            addSite.bind(1, site.name)
            addSite.bind(2, site.instance.bytes)
            try addSite.run()
            site.id = connection.lastRow
        }
        updateSite.bind(1, site.instance.bytes)
        updateSite.bind(2, site.version)
        updateSite.bind(3, site.seenAt)
        if let rival = site.rival { updateSite.bind(4, rival.bytes) } else { updateSite.bindNull(4) }
        updateSite.bind(5, site.rivalSeenAt)
        updateSite.bind(6, site.id)
        try updateSite.run()
        return site
    }

    package func lane(site: Int64, _ name: String, epoch: UInt64) throws -> LaneRecord {
        if let lane = try find(site, name, epoch) { return lane }
        addLane.bind(1, site)
        addLane.bind(2, name)
        addLane.bind(3, Int64(bitPattern: epoch))
        try addLane.run()
        return LaneRecord(id: connection.lastRow, name: name, epoch: epoch)
    }

    private func find(_ site: Int64, _ name: String, _ epoch: UInt64) throws -> LaneRecord? {
        findLane.bind(1, site)
        findLane.bind(2, name)
        findLane.bind(3, Int64(bitPattern: epoch))
        defer { findLane.reset() }
        guard try findLane.step() else { return nil }
        let values = (0..<Int32(LaneColumns.counters.count)).map { findLane.number($0 + 3) }
        var lane = LaneColumns.record(id: findLane.number(0), name: name, epoch: epoch, values)
        lane.coverage = try coverage(of: lane.id)
        return lane
    }

    private func coverage(of lane: Int64) throws -> Coverage {
        findCoverage.bind(1, lane)
        defer { findCoverage.reset() }
        var ranges: [Coverage.Range] = []
        while try findCoverage.step() {
            ranges.append(
                .init(
                    after: UInt64(clamping: findCoverage.number(0)),
                    last: UInt64(clamping: findCoverage.number(1))
                )
            )
        }
        return Coverage(ranges)
    }

    package func save(_ lane: LaneRecord, coverage old: Coverage) throws {
        let values = LaneColumns.values(lane)
        for (index, value) in values.enumerated() { updateLane.bind(Int32(index + 1), value) }
        updateLane.bind(Int32(values.count + 1), lane.id)
        try updateLane.run()
        guard lane.coverage != old else { return }
        deleteCoverage.bind(1, lane.id)
        try deleteCoverage.run()
        for range in lane.coverage.ranges {
            addCoverage.bind(1, lane.id)
            addCoverage.bind(2, Int64(range.after))
            addCoverage.bind(3, Int64(range.last))
            try addCoverage.run()
        }
    }

    // MARK: - Events

    package func insert(_ events: inout BatchEvents, lane: Int64, notIn coverage: Coverage?) throws -> UInt64
    {
        topicIDs.removeAll(keepingCapacity: true)
        for name in events.topics { topicIDs.append(try topics.id(of: name)) }
        sourceIDs.removeAll(keepingCapacity: true)
        for name in events.sources { sourceIDs.append(try sources.id(of: name)) }
        var count: UInt64 = 0
        insertEvent.bind(1, lane)
        while let event = events.next() {
            if let coverage, coverage.contains(event.sequence) { continue }
            insertEvent.bind(2, Int64(event.sequence))
            insertEvent.bind(3, event.time)
            insertEvent.bind(4, topicIDs[event.topic])
            insertEvent.bind(5, sourceIDs[event.source])
            insertEvent.bind(6, Int64(event.qos))
            insertEvent.bind(7, event.retain ? 1 : 0)
            insertEvent.bind(8, event.expiresAt)
            if event.properties >= 0 {
                insertEvent.bindInPlace(9, events.properties[event.properties])
            } else {
                insertEvent.bindNull(9)
            }
            insertEvent.bindInPlace(10, event.payload)
            try insertEvent.run()
            count += 1
        }
        return count
    }

    package func status() throws -> [SiteStatus] { try SQLiteStatus.read(connection) }

    package func events(lane: Int64, after sequence: UInt64, to last: UInt64, limit: Int) throws
        -> [StoredEvent]
    {
        let rows = try connection.prepare(
            """
            SELECT sequence, time, topic.name, source.name, qos, retain, properties, payload
            FROM event JOIN topic ON topic.id = event.topic JOIN source ON source.id = event.source
            WHERE lane = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
            """
        )
        rows.bind(1, lane)
        rows.bind(2, Int64(clamping: sequence))
        rows.bind(3, Int64(clamping: last))
        rows.bind(4, Int64(limit))
        var events: [StoredEvent] = []
        while try rows.step() {
            events.append(
                StoredEvent(
                    sequence: UInt64(clamping: rows.number(0)),
                    time: rows.number(1),
                    topic: rows.text(2),
                    source: rows.text(3),
                    qos: UInt8(clamping: rows.number(4)),
                    retain: rows.number(5) != 0,
                    properties: rows.blob(6),
                    payload: rows.blob(7)
                )
            )
        }
        return events
    }

    package func claim(lane: Int64, for owner: String, now: Int64, until: Int64, start: UInt64) throws
        -> UInt64?
    {
        let claim = try connection.prepare(
            """
            INSERT INTO republish VALUES (?1, ?2, ?3, ?4) ON CONFLICT (lane) DO UPDATE
            SET owner = excluded.owner, until = excluded.until WHERE owner = excluded.owner OR until <= ?5
            RETURNING sequence
            """
        )
        claim.bind(1, lane)
        claim.bind(2, Int64(clamping: start))
        claim.bind(3, owner)
        claim.bind(4, until)
        claim.bind(5, now)
        guard try claim.step() else { return nil }
        let sequence = UInt64(clamping: claim.number(0))
        // The row is there when the statement has run to its end.
        _ = try claim.step()
        return sequence
    }

    package func published(lane: Int64, by owner: String, to sequence: UInt64) throws {
        let update = try connection.prepare("UPDATE republish SET sequence = ? WHERE lane = ? AND owner = ?")
        update.bind(1, Int64(clamping: sequence))
        update.bind(2, lane)
        update.bind(3, owner)
        try update.run()
    }

    /// The sites in a file that a collector may be writing at the same time.
    package static func status(path: String) throws -> [SiteStatus] {
        try SQLiteStatus.read(try SQLiteConnection(path: path, readOnly: true))
    }
}

/// The columns of the table `lane` behind id, name and epoch, in one order for both databases.
enum LaneColumns {
    static let counters = [
        "events", "batches", "repeats", "dropped", "thinned", "wire_bytes", "newest_time", "committed_at",
        "backlog_events", "backlog_bytes", "backlog_since",
    ]
    static let list = "id, name, epoch, " + counters.joined(separator: ", ")
    static let assignments = counters.map { "\($0)=?" }.joined(separator: ", ")

    static func values(_ lane: LaneRecord) -> [Int64] {
        [
            Int64(clamping: lane.events), Int64(clamping: lane.batches), Int64(clamping: lane.repeats),
            Int64(clamping: lane.dropped), Int64(clamping: lane.thinned), Int64(clamping: lane.wireBytes),
            lane.newestTime, lane.committedAt, Int64(clamping: lane.backlogEvents),
            Int64(clamping: lane.backlogBytes), lane.backlogSince,
        ]
    }

    static func record(id: Int64, name: String, epoch: UInt64, _ values: [Int64]) -> LaneRecord {
        var lane = LaneRecord(id: id, name: name, epoch: epoch)
        lane.events = UInt64(clamping: values[0])
        lane.batches = UInt64(clamping: values[1])
        lane.repeats = UInt64(clamping: values[2])
        lane.dropped = UInt64(clamping: values[3])
        lane.thinned = UInt64(clamping: values[4])
        lane.wireBytes = UInt64(clamping: values[5])
        lane.newestTime = values[6]
        lane.committedAt = values[7]
        lane.backlogEvents = UInt64(clamping: values[8])
        lane.backlogBytes = UInt64(clamping: values[9])
        lane.backlogSince = values[10]
        return lane
    }
}

private enum SQLiteStatus {
    static func read(_ connection: SQLiteConnection) throws -> [SiteStatus] {
        var result: [SiteStatus] = []
        let sites = try connection.prepare(
            "SELECT id, name, instance, version, seen_at, rival, rival_seen_at FROM site ORDER BY name"
        )
        let lanes = try connection.prepare(
            "SELECT \(LaneColumns.list) FROM lane WHERE site = ? ORDER BY name, committed_at"
        )
        let coverage = try connection.prepare(
            "SELECT after, last FROM coverage WHERE lane = ? ORDER BY after"
        )
        while try sites.step() {
            guard let instance = SiteInstance(sites.blob(2)) else { continue }
            var site = SiteRecord(name: sites.text(1), instance: instance)
            site.id = sites.number(0)
            site.version = sites.text(3)
            site.seenAt = sites.number(4)
            site.rival = SiteInstance(sites.blob(5))
            site.rivalSeenAt = sites.number(6)
            var status = SiteStatus(site: site, lanes: [])
            lanes.bind(1, site.id)
            while try lanes.step() {
                let values = (0..<Int32(LaneColumns.counters.count)).map { lanes.number($0 + 3) }
                var lane = LaneColumns.record(
                    id: lanes.number(0),
                    name: lanes.text(1),
                    epoch: UInt64(bitPattern: lanes.number(2)),
                    values
                )
                coverage.bind(1, lane.id)
                while try coverage.step() {
                    lane.coverage.insert(
                        .init(
                            after: UInt64(clamping: coverage.number(0)),
                            last: UInt64(clamping: coverage.number(1))
                        )
                    )
                }
                coverage.reset()
                status.lanes.append(lane)
            }
            lanes.reset()
            result.append(status)
        }
        return result
    }
}

/// Numbers for names, remembered up to a bound.
private struct NameTable {
    private static let rememberedMaximum = 200_000
    private let connection: SQLiteConnection
    private let find: SQLiteStatement
    private let add: SQLiteStatement
    private var known: [NameKey: Int64] = [:]

    init(_ connection: SQLiteConnection, _ table: String) throws {
        self.connection = connection
        find = try connection.prepare("SELECT id FROM \(table) WHERE name = ?")
        add = try connection.prepare("INSERT INTO \(table) (name) VALUES (?)")
    }

    mutating func forget() { known.removeAll(keepingCapacity: true) }

    mutating func id(of name: UnsafeRawBufferPointer) throws -> Int64 {
        let key = NameKey(name)
        if let id = known[key] { return id }
        if known.count >= Self.rememberedMaximum { forget() }
        let text = key.text
        find.bind(1, text)
        defer { find.reset() }
        if try find.step() {
            let id = find.number(0)
            known[key] = id
            return id
        }
        add.bind(1, text)
        try add.run()
        known[key] = connection.lastRow
        return connection.lastRow
    }
}

/// A name as bytes: half as costly to hash and compare as text.
struct NameKey: Hashable {
    private let bytes: [UInt8]

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = Array(bytes) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    static func == (a: NameKey, b: NameKey) -> Bool { a.bytes == b.bytes }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
