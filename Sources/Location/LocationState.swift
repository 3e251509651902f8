package import MECModel
import MECRuntime

/// What the location service knows: users, zones, access points, places, and who asked for what.
///
/// A machine without clock or I/O: facts and the time go in, notifications come out of the
/// ``LocationOutlet``. A terminal without a serving cell is a user of no access point and no zone.
package struct LocationState: Sendable {
    /// How much is kept at most. What is beyond is refused and counted.
    package struct Limits: Sendable, Equatable {
        /// 1…1,000,000.
        package var cells = 100_000
        /// 1…1,000,000.
        package var terminals = 200_000
        /// 1…1,000,000.
        package var zones = 10_000
        /// 1…1,000,000.
        package var subscriptions = 10_000
        /// Addresses in one subscription.
        package var addresses = 1_000
        /// Pairs of users in one distance subscription.
        package var pairs = 10_000

        package init() {}
    }

    /// Facts that could not be used, and notifications that were not sent.
    package struct Counters: Sendable, Equatable {
        /// About a cell or terminal that was never defined.
        package var unknown: UInt64 = 0
        /// Beyond ``Limits``.
        package var refused: UInt64 = 0
        /// Positions older than the one that is known.
        package var stale: UInt64 = 0
        /// Notifications beyond what may wait for a subscription's interval.
        package var dropped: UInt64 = 0
    }

    struct User: Sendable {
        var name: String
        var address: String
        var terminal: NotifiedTerminal
        var cell: CellIndex?
        var attachedAt = RadioTime(nanoseconds: 0)
        var place: LocationInfo?
        /// `{zone}/{ue}` of where it is.
        var suffix: String
        /// Slots of the areas it is in.
        var areas: [Int] = []
        /// Slots of the areas that name it.
        var namedIn: [Int] = []
        /// Slots of the distance subscriptions that watch it.
        var watches: [Int] = []
        /// Its state is to be written.
        var isDirty = false
        /// Its access point changed: its state is written without waiting for its turn.
        var isUrgent = false
    }

    struct AccessPoint: Sendable {
        var definition: CellDefinition
        var accessPointId: String
        var users = 0
        var isDirty = false

        var status: OperationStatus { definition.operationStatus ?? .unknown }
    }

    struct Zone: Sendable {
        var zoneId: String
        var users = 0
        var isDirty = false
    }

    package let limits: Limits
    package internal(set) var counters = Counters()
    var users: [User?] = []
    var usersByAddress: [String: TerminalIndex] = [:]
    var accessPoints: [AccessPoint?] = []
    var zones: [Zone?] = []

    var slots: [ActiveSubscription?] = []
    var slotsById: [String: Int] = [:]
    var freeSlots: [Int] = []
    /// By slot: when time alone next brings something.
    var dueTimes: [RadioTime] = []
    /// Of UserLocationEvent, by address.
    var eventSlots: [String: [Int]] = [:]
    /// Of ZoneLocationEvent and ZoneStatus, by zone.
    var zoneSlots: [String: [Int]] = [:]
    var areaIndex = AreaIndex()
    /// By slot: the area watches everybody.
    var openAreas: [Bool] = []
    /// Of areas that name their users, and of distances, by address.
    var areaSlots: [String: [Int]] = [:]
    var distanceSlots: [String: [Int]] = [:]

    var urgentUsers = ChangeQueue<TerminalIndex>()
    var dirtyAccessPoints = ChangeQueue<CellIndex>()
    var dirtyZones = ChangeQueue<ZoneIndex>()
    /// The user whose turn to be written is next, and when the turns so far were counted.
    var nextTurn = 0
    var turnsCountedAt: RadioTime?
    var changes: [LocationChange] = []

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    package var userCount: Int { users.count { $0 != nil } }
    package var subscriptionCount: Int { slotsById.count }

    // MARK: - Look-up

    subscript(terminal: TerminalIndex) -> User? {
        terminal.offset < users.count ? users[terminal.offset] : nil
    }

    subscript(cell: CellIndex) -> AccessPoint? {
        cell.offset < accessPoints.count ? accessPoints[cell.offset] : nil
    }

    func zone(of cell: CellIndex?) -> ZoneIndex? {
        guard let cell, let zone = self[cell]?.definition.zone, zone.offset < zones.count,
            zones[zone.offset] != nil
        else { return nil }
        return zone
    }

    func zoneId(_ zone: ZoneIndex?) -> String? {
        guard let zone, zone.offset < zones.count else { return nil }
        return zones[zone.offset]?.zoneId
    }

    func place(of address: String) -> LocationInfo? {
        usersByAddress[address].flatMap { self[$0]?.place }
    }

    // MARK: - Changed state

    /// The user's state is written without waiting for its turn.
    mutating func markUrgent(_ terminal: TerminalIndex) {
        guard terminal.offset < users.count, users[terminal.offset]?.isUrgent == false else { return }
        users[terminal.offset]?.isUrgent = true
        urgentUsers.append(terminal)
    }

    mutating func markDirty(_ cell: CellIndex) {
        guard cell.offset < accessPoints.count, accessPoints[cell.offset]?.isDirty == false else { return }
        accessPoints[cell.offset]?.isDirty = true
        dirtyAccessPoints.append(cell)
        if let zone = zone(of: cell) { markDirty(zone) }
    }

    mutating func markDirty(_ zone: ZoneIndex) {
        guard zone.offset < zones.count, zones[zone.offset]?.isDirty == false else { return }
        zones[zone.offset]?.isDirty = true
        dirtyZones.append(zone)
    }
}

/// A retained topic that is to be written or cleared, or a subscription that ended.
package enum LocationChange: Hashable, Sendable {
    case user(UserInfo)
    /// The user is at no access point, or gone.
    case userRemoved(name: String)
    case accessPoint(AccessPointInfo)
    case accessPointRemoved(accessPointId: String, zoneId: String)
    case zone(ZoneInfo)
    case zoneRemoved(zoneId: String)
    case subscription(id: String, LocationSubscription)
    case subscriptionEnded(id: String, SubscriptionEnd)
}

/// Why a subscription is no more.
package enum SubscriptionEnd: String, Hashable, Sendable {
    case deleted
    /// Its expiryDeadline passed.
    case expired
    /// It has told all that it was to tell: ONE_TIME_EVENT, maximumCount, reportingAmount.
    case complete
}
