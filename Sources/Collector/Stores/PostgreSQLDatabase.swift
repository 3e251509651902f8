internal import CPostgreSQL
internal import Glibc
package import Uplink

/// Events in a PostgreSQL database, by COPY in its binary form. Several collectors may write into one database:
/// the rows of a site and of its lanes are locked while a transaction needs them.
package final class PostgreSQLDatabase: CollectorDatabase {
    fileprivate let connection: PostgreSQLConnection
    private var topics: [NameKey: Int64] = [:]
    private var sources: [NameKey: Int64] = [:]
    private var row = PostgreSQLRow()
    private static let rememberedMaximum = 200_000

    /// Connects, and makes the tables where they are not there.
    ///
    /// - Parameter url: `postgresql://…`, or libpq's `key=value` form.
    package init(url: String) throws {
        connection = PostgreSQLConnection(url)
        try connection.connect()
        try Self.prepareSchema(connection)
    }

    private static func prepareSchema(_ connection: PostgreSQLConnection) throws {
        try connection.run("BEGIN")
        // Two collectors that start at once would both make the tables.
        try connection.run("SELECT pg_advisory_xact_lock(\(schemaLock))")
        for statement in schema { try connection.run(statement) }
        let version = try connection.rows("SELECT version FROM collector_schema").first?.first ?? nil
        guard version == "1" else {
            throw DatabaseError(
                "schema version \(version ?? "none"), expected 1; the database was written by another version of Weir."
            )
        }
        try connection.run("COMMIT")
    }

    private static let schemaLock = 0x7765_6972

    private static let schema = [
        "CREATE TABLE IF NOT EXISTS collector_schema (version int PRIMARY KEY)",
        "INSERT INTO collector_schema SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM collector_schema)",
        """
        CREATE TABLE IF NOT EXISTS site (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, instance text NOT NULL,
          version text NOT NULL DEFAULT '', seen_at bigint NOT NULL DEFAULT 0,
          rival text, rival_seen_at bigint NOT NULL DEFAULT 0)
        """,
        """
        CREATE TABLE IF NOT EXISTS lane (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site bigint NOT NULL REFERENCES site, name text NOT NULL,
          epoch bigint NOT NULL,
          \(LaneColumns.counters.map { "\($0) bigint NOT NULL DEFAULT 0" }.joined(separator: ", ")),
          UNIQUE (site, name, epoch))
        """,
        """
        CREATE TABLE IF NOT EXISTS coverage (
          lane bigint NOT NULL REFERENCES lane, after bigint NOT NULL, last bigint NOT NULL, PRIMARY KEY (lane, after))
        """,
        """
        CREATE TABLE IF NOT EXISTS topic (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE)
        """,
        """
        CREATE TABLE IF NOT EXISTS source (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE)
        """,
        """
        CREATE TABLE IF NOT EXISTS event (
          lane bigint NOT NULL, sequence bigint NOT NULL, time bigint NOT NULL, topic bigint NOT NULL,
          source bigint NOT NULL, qos smallint NOT NULL, retain boolean NOT NULL, expires_at bigint NOT NULL,
          properties bytea, payload bytea NOT NULL, PRIMARY KEY (lane, sequence))
        """,
        """
        CREATE TABLE IF NOT EXISTS republish (
          lane bigint PRIMARY KEY, sequence bigint NOT NULL, owner text NOT NULL, until bigint NOT NULL)
        """,
        """
        CREATE OR REPLACE VIEW events AS
          SELECT site.name AS site, lane.name AS lane, lane.epoch, event.sequence, event.time, topic.name AS topic,
            source.name AS source, event.qos, event.retain, event.expires_at, event.properties, event.payload
          FROM event JOIN lane ON lane.id = event.lane JOIN site ON site.id = lane.site
            JOIN topic ON topic.id = event.topic JOIN source ON source.id = event.source
        """,
    ]

    package func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try connection.connect()
        try connection.run("BEGIN")
        do {
            let result = try body()
            try connection.run("COMMIT")
            return result
        } catch {
            try? connection.run("ROLLBACK")
            topics.removeAll()
            sources.removeAll()
            throw error
        }
    }

    // MARK: - Sites and lanes

    private static let siteColumns = "id, name, instance, version, seen_at, rival, rival_seen_at"

    package func site(_ name: String) throws -> SiteRecord? {
        let rows = try connection.rows(
            "SELECT \(Self.siteColumns) FROM site WHERE name = $1 FOR UPDATE",
            [name]
        )
        return rows.first.flatMap(Self.site)
    }

    private static func site(_ row: [String?]) -> SiteRecord? {
        guard let name = row[1], let instance = row[2].flatMap({ SiteInstance($0) }) else { return nil }
        var site = SiteRecord(name: name, instance: instance)
        site.id = row[0].flatMap { Int64($0) } ?? 0
        site.version = row[3] ?? ""
        site.seenAt = row[4].flatMap { Int64($0) } ?? 0
        site.rival = row[5].flatMap { SiteInstance($0) }
        site.rivalSeenAt = row[6].flatMap { Int64($0) } ?? 0
        return site
    }

    package func save(_ site: SiteRecord) throws -> SiteRecord {
        var site = site
        if site.id == 0 {
            let rows = try connection.rows(
                """
                INSERT INTO site (name, instance) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
                """,
                [site.name, site.instance.description]
            )
            site.id = rows.first?[0].flatMap { Int64($0) } ?? 0
        }
        _ = try connection.rows(
            "UPDATE site SET instance=$1, version=$2, seen_at=$3, rival=$4, rival_seen_at=$5 WHERE id=$6",
            [
                site.instance.description, site.version, "\(site.seenAt)", site.rival?.description,
                "\(site.rivalSeenAt)", "\(site.id)",
            ]
        )
        return site
    }

    package func lane(site: Int64, _ name: String, epoch: UInt64) throws -> LaneRecord {
        let key = ["\(site)", name, "\(Int64(bitPattern: epoch))"]
        let find =
            "SELECT \(LaneColumns.list) FROM lane WHERE site = $1 AND name = $2 AND epoch = $3 FOR UPDATE"
        var rows = try connection.rows(find, key)
        if rows.isEmpty {
            _ = try connection.rows(
                "INSERT INTO lane (site, name, epoch) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                key
            )
            rows = try connection.rows(find, key)
        }
        guard let row = rows.first else { throw DatabaseError("lane \"\(name)\" was made and is not there") }
        var lane = Self.lane(row)
        let ranges = try connection.rows("SELECT after, last FROM coverage WHERE lane = $1", ["\(lane.id)"])
        lane.coverage = Self.coverage(ranges)
        return lane
    }

    private static func lane(_ row: [String?]) -> LaneRecord {
        let numbers = row.map { $0.flatMap { Int64($0) } ?? 0 }
        return LaneColumns.record(
            id: numbers[0],
            name: row[1] ?? "",
            epoch: UInt64(bitPattern: numbers[2]),
            Array(numbers[3...])
        )
    }

    private static func coverage(_ rows: [[String?]]) -> Coverage {
        Coverage(
            rows.map { row in
                .init(after: row[0].flatMap { UInt64($0) } ?? 0, last: row[1].flatMap { UInt64($0) } ?? 0)
            }
        )
    }

    package func save(_ lane: LaneRecord, coverage old: Coverage) throws {
        let columns = LaneColumns.counters.enumerated().map { "\($1)=$\($0 + 2)" }.joined(separator: ", ")
        _ = try connection.rows(
            "UPDATE lane SET \(columns) WHERE id = $1",
            ["\(lane.id)"] + LaneColumns.values(lane).map { "\($0)" }
        )
        guard lane.coverage != old else { return }
        _ = try connection.rows("DELETE FROM coverage WHERE lane = $1", ["\(lane.id)"])
        for range in lane.coverage.ranges {
            _ = try connection.rows(
                "INSERT INTO coverage VALUES ($1, $2, $3)",
                ["\(lane.id)", "\(range.after)", "\(range.last)"]
            )
        }
    }

    // MARK: - Events

    package func insert(_ events: inout BatchEvents, lane: Int64, notIn coverage: Coverage?) throws -> UInt64
    {
        let topicIDs = try events.topics.map { try id(of: $0, "topic", &topics) }
        let sourceIDs = try events.sources.map { try id(of: $0, "source", &sources) }
        try connection.beginCopy("COPY event FROM STDIN (FORMAT binary)")
        row.begin()
        var count: UInt64 = 0
        while let event = events.next() {
            if let coverage, coverage.contains(event.sequence) { continue }
            row.columns(10)
            row.int64(lane)
            row.int64(Int64(event.sequence))
            row.int64(event.time)
            row.int64(topicIDs[event.topic])
            row.int64(sourceIDs[event.source])
            row.int16(Int16(event.qos))
            row.bool(event.retain)
            row.int64(event.expiresAt)
            if event.properties >= 0 { row.bytes(events.properties[event.properties]) } else { row.null() }
            row.bytes(event.payload)
            count += 1
            if row.count > 1 << 16 { try connection.copy(&row) }
        }
        row.end()
        try connection.copy(&row)
        try connection.endCopy()
        return count
    }

    private func id(
        of name: UnsafeRawBufferPointer,
        _ table: String,
        _ known: inout [NameKey: Int64]
    ) throws -> Int64 {
        let key = NameKey(name)
        if let id = known[key] { return id }
        if known.count >= Self.rememberedMaximum { known.removeAll() }
        let find = "SELECT id FROM \(table) WHERE name = $1"
        var rows = try connection.rows(find, [key.text])
        if rows.isEmpty {
            rows = try connection.rows(
                "INSERT INTO \(table) (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id",
                [key.text]
            )
            // Another collector was faster; its row shows once it has committed.
            if rows.isEmpty { rows = try connection.rows(find, [key.text]) }
        }
        guard let id = rows.first?[0].flatMap({ Int64($0) }) else {
            throw DatabaseError("\(table) \"\(key.text)\" was made and is not there")
        }
        known[key] = id
        return id
    }

    package func status() throws -> [SiteStatus] {
        try connection.connect()
        return try connection.rows("SELECT \(Self.siteColumns) FROM site ORDER BY name").compactMap { row in
            guard let site = Self.site(row) else { return nil }
            let lanes = try connection.rows(
                "SELECT \(LaneColumns.list) FROM lane WHERE site = $1 ORDER BY name, committed_at",
                ["\(site.id)"]
            ).map { row in
                var lane = Self.lane(row)
                lane.coverage = Self.coverage(
                    try connection.rows("SELECT after, last FROM coverage WHERE lane = $1", ["\(lane.id)"])
                )
                return lane
            }
            return SiteStatus(site: site, lanes: lanes)
        }
    }
}

extension PostgreSQLDatabase {
    package func events(lane: Int64, after sequence: UInt64, to last: UInt64, limit: Int) throws
        -> [StoredEvent]
    {
        try connection.connect()
        let rows = try connection.rows(
            """
            SELECT sequence, time, topic.name, source.name, qos, retain::int, encode(properties, 'hex'),
              encode(payload, 'hex')
            FROM event JOIN topic ON topic.id = event.topic JOIN source ON source.id = event.source
            WHERE lane = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4
            """,
            ["\(lane)", "\(Int64(clamping: sequence))", "\(Int64(clamping: last))", "\(limit)"]
        )
        return rows.map { row in
            StoredEvent(
                sequence: row[0].flatMap { UInt64($0) } ?? 0,
                time: row[1].flatMap { Int64($0) } ?? 0,
                topic: row[2] ?? "",
                source: row[3] ?? "",
                qos: row[4].flatMap { UInt8($0) } ?? 0,
                retain: row[5] == "1",
                properties: Self.bytes(row[6] ?? ""),
                payload: Self.bytes(row[7] ?? "")
            )
        }
    }

    package func claim(lane: Int64, for owner: String, now: Int64, until: Int64, start: UInt64) throws
        -> UInt64?
    {
        try connection.connect()
        let rows = try connection.rows(
            """
            INSERT INTO republish VALUES ($1, $2, $3, $4) ON CONFLICT (lane) DO UPDATE
            SET owner = excluded.owner, until = excluded.until
            WHERE republish.owner = excluded.owner OR republish.until <= $5
            RETURNING sequence
            """,
            ["\(lane)", "\(Int64(clamping: start))", owner, "\(until)", "\(now)"]
        )
        return rows.first?[0].flatMap { UInt64($0) }
    }

    package func published(lane: Int64, by owner: String, to sequence: UInt64) throws {
        try connection.connect()
        _ = try connection.rows(
            "UPDATE republish SET sequence = $1 WHERE lane = $2 AND owner = $3",
            ["\(Int64(clamping: sequence))", "\(lane)", owner]
        )
    }

    /// Hexadecimal digits, two for each byte.
    private static func bytes(_ hex: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hex.utf8.count / 2)
        var high: UInt8?
        for digit in hex.utf8 {
            let value = digit < 0x3A ? digit &- 0x30 : digit &- 0x57
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}

/// Rows of `COPY … (FORMAT binary)`: PostgreSQL's manual, "COPY", "Binary Format".
struct PostgreSQLRow {
    private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    mutating func begin() {
        bytes = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [0, 0, 0, 0] + [0, 0, 0, 0]
    }

    mutating func end() { int16Raw(-1) }

    mutating func taken() { bytes.removeAll(keepingCapacity: true) }

    mutating func columns(_ count: Int16) { int16Raw(count) }

    mutating func null() { int32Raw(-1) }

    mutating func int64(_ value: Int64) {
        int32Raw(8)
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func int16(_ value: Int16) {
        int32Raw(2)
        int16Raw(value)
    }

    mutating func bool(_ value: Bool) {
        int32Raw(1)
        bytes.append(value ? 1 : 0)
    }

    mutating func bytes(_ value: UnsafeRawBufferPointer) {
        int32Raw(Int32(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func int16Raw(_ value: Int16) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func int32Raw(_ value: Int32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// One connection to a PostgreSQL server, made anew when it was lost.
final class PostgreSQLConnection {
    private let url: String
    private var handle: OpaquePointer?

    init(_ url: String) { self.url = url }

    deinit { PQfinish(handle) }

    /// Connects where there is no connection.
    func connect() throws {
        if let handle, PQstatus(handle) == CONNECTION_OK { return }
        PQfinish(handle)
        handle = PQconnectdb(url)
        guard let handle, PQstatus(handle) == CONNECTION_OK else {
            // The message names host and database, never the password.
            throw DatabaseError(
                "PostgreSQL: \(handle.map { Self.text(PQerrorMessage($0)) } ?? "out of memory")"
            )
        }
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        // One prepared plan per statement text would need names; these are small and few.
        try run("SET synchronous_commit = on")
    }

    func run(_ statement: String) throws { _ = try rows(statement) }

    /// Rows as text; `nil` for NULL.
    func rows(_ statement: String, _ parameters: [String?] = []) throws -> [[String?]] {
        let copies = parameters.map { $0.flatMap { strdup($0) } }
        defer { for copy in copies { free(copy) } }
        let values = copies.map { $0.map { UnsafePointer<CChar>($0) } }
        let result = PQexecParams(handle, statement, Int32(values.count), nil, values, nil, nil, 0)
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw error(result) }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1
                    ? nil : Self.optionalText(PQgetvalue(result, row, column))
            }
        }
    }

    func beginCopy(_ statement: String) throws {
        let result = PQexec(handle, statement)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_IN else { throw error(result) }
    }

    func copy(_ row: inout PostgreSQLRow) throws {
        let code = row.bytes.withUnsafeBytes { bytes in
            PQputCopyData(handle, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count))
        }
        row.taken()
        guard code == 1 else { throw error(nil) }
    }

    func endCopy() throws {
        guard PQputCopyEnd(handle, nil) == 1 else { throw error(nil) }
        var failure: DatabaseError?
        while let result = PQgetResult(handle) {
            if PQresultStatus(result) != PGRES_COMMAND_OK { failure = failure ?? error(result) }
            PQclear(result)
        }
        if let failure { throw failure }
    }

    private func error(_ result: OpaquePointer?) -> DatabaseError {
        let state =
            result.flatMap { PQresultErrorField($0, Int32(UInt8(ascii: "C"))) }.map { String(cString: $0) }
            ?? ""
        // Class 22 is data that does not fit, 23 a constraint: the same batch fails again.
        let isPermanent = state.hasPrefix("22") || state.hasPrefix("23")
        return DatabaseError("PostgreSQL: \(Self.text(PQerrorMessage(handle)))", isPermanent: isPermanent)
    }

    private static func optionalText(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        text.map { String(cString: $0) }
    }

    private static func text(_ text: UnsafeMutablePointer<CChar>?) -> String {
        (text.map { String(cString: $0) } ?? "").split(separator: "\n").joined(separator: "; ")
    }
}
