package import Uplink

/// What the collector needs of a database. One thread uses it.
///
/// All but ``status()`` and ``events(lane:after:to:limit:)`` is called within ``transaction(_:)``.
package protocol CollectorDatabase: AnyObject {
    /// Runs `body` and makes what it wrote durable, all or nothing.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result

    /// The site, held until the transaction ends so that no other collector changes it.
    func site(_ name: String) throws -> SiteRecord?
    /// - Returns: the record with its number.
    func save(_ site: SiteRecord) throws -> SiteRecord
    /// A lane of a site, made where there is none, held until the transaction ends.
    func lane(site: Int64, _ name: String, epoch: UInt64) throws -> LaneRecord
    func save(_ lane: LaneRecord, coverage old: Coverage) throws
    /// Stores those events whose sequence `coverage` does not contain.
    /// - Returns: how many.
    func insert(_ events: inout BatchEvents, lane: Int64, notIn coverage: Coverage?) throws -> UInt64

    func status() throws -> [SiteStatus]
    /// Events of a lane behind `sequence` up to and with `last`, in order, at most `limit`.
    func events(lane: Int64, after sequence: UInt64, to last: UInt64, limit: Int) throws -> [StoredEvent]

    /// Takes a lane for re-publishing until a time, so that of several collectors one does it.
    ///
    /// - Parameters:
    ///   - start: how far a lane counts as published that was never taken.
    ///   - until: milliseconds since 1970.
    /// - Returns: how far it was published; `nil` while another has it.
    func claim(lane: Int64, for owner: String, now: Int64, until: Int64, start: UInt64) throws -> UInt64?
    /// The lane's events were published up to `sequence`; nothing happens where another has taken it since.
    func published(lane: Int64, by owner: String, to sequence: UInt64) throws
}

/// An event as a database keeps it.
package struct StoredEvent: Sendable, Equatable {
    package var sequence: UInt64
    /// Nanoseconds since 1970 at which the site took it in.
    package var time: Int64
    package var topic: String
    /// The client that published it.
    package var source: String
    package var qos: UInt8
    package var retain: Bool
    /// Encoded MQTT 5 properties; empty for none.
    package var properties: [UInt8]
    package var payload: [UInt8]

    package init(
        sequence: UInt64,
        time: Int64,
        topic: String,
        source: String,
        qos: UInt8,
        retain: Bool,
        properties: [UInt8],
        payload: [UInt8]
    ) {
        self.sequence = sequence
        self.time = time
        self.topic = topic
        self.source = source
        self.qos = qos
        self.retain = retain
        self.properties = properties
        self.payload = payload
    }
}

/// Hands a database to the one thread that uses it.
final class DatabaseBox: Sendable {
    nonisolated(unsafe) let database: any CollectorDatabase
    init(_ database: sending any CollectorDatabase) { self.database = database }
}

/// What is known of a site.
package struct SiteRecord: Sendable, Equatable {
    /// 0 before the first save.
    package var id: Int64 = 0
    package var name: String
    package var instance: SiteInstance
    package var version = ""
    /// Milliseconds since 1970 at which it was last heard of.
    package var seenAt: Int64 = 0
    /// Another site of the same name, and when it was last heard of; 0 for never.
    package var rival: SiteInstance?
    package var rivalSeenAt: Int64 = 0

    package init(name: String, instance: SiteInstance) {
        self.name = name
        self.instance = instance
    }
}

/// What is known of one lane in one epoch.
package struct LaneRecord: Sendable, Equatable {
    package var id: Int64
    package var name: String
    package var epoch: UInt64
    package var coverage = Coverage()
    package var events: UInt64 = 0
    package var batches: UInt64 = 0
    package var repeats: UInt64 = 0
    /// Sequences that the site said it dropped or thinned out.
    package var dropped: UInt64 = 0
    package var thinned: UInt64 = 0
    /// Bytes of batches, as they came over the wire.
    package var wireBytes: UInt64 = 0
    /// Nanoseconds since 1970 of the newest event.
    package var newestTime: Int64 = 0
    /// Milliseconds since 1970.
    package var committedAt: Int64 = 0
    package var backlogEvents: UInt64 = 0
    package var backlogBytes: UInt64 = 0
    package var backlogSince: Int64 = 0

    package init(id: Int64, name: String, epoch: UInt64) {
        self.id = id
        self.name = name
        self.epoch = epoch
    }
}

/// One site with its lanes, for people.
package struct SiteStatus: Sendable, Equatable {
    package var site: SiteRecord
    package var lanes: [LaneRecord]

    package init(site: SiteRecord, lanes: [LaneRecord]) {
        self.site = site
        self.lanes = lanes
    }
}

/// Why a database did not do what it was asked.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
    /// The data itself is at fault: the same batch will fail again.
    package var isPermanent: Bool
    package var description: String

    package init(_ description: String, isPermanent: Bool = false) {
        self.description = description
        self.isPermanent = isPermanent
    }
}
