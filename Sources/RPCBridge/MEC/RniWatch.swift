import MECModel

extension Weir_Rnis_V1_WatchNotificationsRequest.Open: WatchOpening {}

extension Weir_Rnis_V1_WatchNotificationsRequest: WatchRequest {
    var opening: Open? {
        guard case .open(let open) = request else { return nil }
        return open
    }
}

/// Which notifications of the radio network one call wants: the filter criteria of MEC 012 6.3.
package struct RniWatch: Sendable {
    private static let criteriaMaximum = 100
    /// Beyond so many cells the topics of all are read.
    private static let cellsMaximum = 8

    private let filters: [RniFilter]

    /// - Throws: ``CallRefusal`` that names the criterion.
    package init(_ criteria: [Weir_Rnis_V1_NotificationCriteria]) throws {
        guard criteria.count <= Self.criteriaMaximum else {
            throw CallRefusal.bad("criteria", "found \(criteria.count), expected at most 100")
        }
        guard !criteria.isEmpty else {
            filters = RniEvent.allCases.map { event in
                var filter = RniFilter(event)
                if event == .cellChange { filter.hoStatus = Set(HandoverStatus.allCases) }
                return filter
            }
            return
        }
        filters = try criteria.map(Self.filter)
    }

    var plan: WatchPlan {
        WatchPlan(filters: topicFilters) { event in field(of: event.topic, payload: [UInt8](event.payload)) }
    }

    /// The field of `Notification` for an event; `nil` where no criterion wants it.
    package func field(of topic: String, payload: [UInt8]) -> Int? {
        guard
            let (event, field) = Self.kinds.first(where: { topic.hasPrefix($0.prefix) }).map({
                ($0.event, $0.field)
            }),
            let facts = try? event.facts(ofProtobuf: payload)
        else { return nil }
        return filters.contains { $0.event == event && facts.match($0) } ? field : nil
    }

    /// Topics of the events that are wanted: of single cells where the criteria name few.
    package var topicFilters: [String] {
        RniEvent.allCases.flatMap { event -> [String] in
            let wanted = filters.filter { $0.event == event }
            guard !wanted.isEmpty else { return [] }
            let cells = Set(wanted.flatMap(\.cells))
            // A cell change stands under one of its cells only.
            let isNarrow = event != .cellChange && wanted.allSatisfy { !$0.cells.isEmpty }
            guard isNarrow, cells.count <= Self.cellsMaximum else {
                return [RniTopics.event(event, .protobuf, suffix: "#")]
            }
            return cells.map { RniTopics.event(event, .protobuf, suffix: RniTopics.cellLevels($0) + "/+") }
                .sorted()
        }
    }

    private static let kinds: [(event: RniEvent, prefix: String, field: Int)] = RniEvent.allCases.map {
        event in
        let field =
            switch event {
            case .cellChange: 2
            case .rabEst: 3
            case .rabMod: 4
            case .rabRel: 5
            case .measRepUe: 6
            case .nrMeasRepUe: 7
            case .measTa: 8
            case .caReconf: 9
            case .s1Bearer: 10
            }
        return (event, RniTopics.event(event, .protobuf, suffix: ""), field)
    }

    // MARK: - Criteria

    private static func filter(_ criteria: Weir_Rnis_V1_NotificationCriteria) throws -> RniFilter {
        var filter: RniFilter
        switch criteria.kind {
        case .cellChange(let body):
            filter = try Self.filter(.cellChange, body.associateID, body.cell)
            filter.hoStatus = Set(
                try body.hoStatus.map { status in
                    try known(UInt8(clamping: status.rawValue), "ho_status", HandoverStatus.init)
                }
            )
        case .rabEst(let body):
            filter = try Self.filter(.rabEst, body.associateID, body.cell)
            if body.hasQci { filter.qci = try CallRefusal.octet(body.qci, "qci") }
        case .rabMod(let body):
            filter = try Self.filter(.rabMod, body.associateID, body.cell)
            if body.hasQci { filter.qci = try CallRefusal.octet(body.qci, "qci") }
            filter.erabIds = Set(try body.erabID.map { try CallRefusal.octet($0, "erab_id") })
        case .rabRel(let body):
            filter = try Self.filter(.rabRel, body.associateID, body.cell)
            if body.hasQci { filter.qci = try CallRefusal.octet(body.qci, "qci") }
            filter.erabIds = Set(try body.erabID.map { try CallRefusal.octet($0, "erab_id") })
        case .measRepUe(let body):
            filter = try Self.filter(.measRepUe, body.associateID, body.cell)
            filter.triggers = Set(body.trigger.map { UInt8(clamping: $0.rawValue) })
        case .nrMeasRepUe(let body):
            filter = try Self.filter(.nrMeasRepUe, body.associateID, body.cell)
            filter.triggers = Set(body.triggerNr.map { UInt8(clamping: $0.rawValue) })
        case .measTa(let body): filter = try Self.filter(.measTa, body.associateID, body.cell)
        case .caReconf(let body): filter = try Self.filter(.caReconf, body.associateID, body.cell)
        case .s1Bearer(let body):
            filter = try Self.filter(.s1Bearer, body.associateID, body.cell)
            filter.s1Events = Set(
                try body.s1Event.map { event in
                    try known(UInt8(clamping: event.rawValue), "s1_event", BearerStep.init)
                }
            )
            filter.erabIds = Set(try body.erabID.map { try CallRefusal.octet($0, "erab_id") })
        case nil:
            throw CallRefusal.bad("criteria", "found none of a kind, expected one such as \"cell_change\"")
        }
        return filter
    }

    private static func filter(
        _ event: RniEvent,
        _ associateIds: [Weir_Mec_V1_AssociateId],
        _ cells: [Weir_Mec_V1_CellIdentity]
    ) throws -> RniFilter {
        var filter = RniFilter(event)
        filter.associateIds = try Self.associateIds(associateIds)
        filter.cells = Set(
            try cells.map { cell in
                guard let identity = CellIdentity(cell) else {
                    throw CallRefusal.bad(
                        "cell",
                        "expected a PLMN of digits and a cell of 28 bits (E-UTRA) or 36 bits (NR), or a BSSID"
                    )
                }
                return identity
            }
        )
        return filter
    }

    static func associateIds(_ messages: [Weir_Mec_V1_AssociateId]) throws -> Set<AssociateId> {
        Set(
            try messages.map { message in
                guard let id = AssociateId(message) else {
                    throw CallRefusal.bad(
                        "associate_id.type",
                        "expected one of MEC 012 6.5.4, found \(message.type.rawValue)"
                    )
                }
                return id
            }
        )
    }

    private static func known<Value>(
        _ number: UInt8,
        _ field: String,
        _ value: (UInt8) -> Value?
    ) throws -> Value {
        guard let value = value(number) else {
            throw CallRefusal.bad(field, "expected a value of MEC 012, found \(number)")
        }
        return value
    }
}
