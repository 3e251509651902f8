/// What the nine subscriptions of MEC 012 6.3 have in common.
package struct SubscriptionDelivery: Hashable, Sendable, Codable {
    package var callbackReference: String?
    package var requestTestNotification: Bool?
    package var websockNotifConfig: WebsockNotifConfig?
    /// Set by the server.
    package var _links: SelfLink?
    package var expiryDeadline: TimeStamp?

    package init(callbackReference: String? = nil, expiryDeadline: TimeStamp? = nil) {
        self.callbackReference = callbackReference
        self.expiryDeadline = expiryDeadline
    }
}

/// A subscription body of MEC 012 6.3: `subscriptionType`, how to deliver, and the filter criteria.
package struct RniSubscription: Hashable, Sendable {
    package var delivery: SubscriptionDelivery
    /// Echoed in the response; it narrows nothing.
    package var appInstanceId: String?
    package var filter: RniFilter

    package init(delivery: SubscriptionDelivery, appInstanceId: String? = nil, filter: RniFilter) {
        self.delivery = delivery
        self.appInstanceId = appInstanceId
        self.filter = filter
    }
}

extension RniEvent {
    /// The `subscriptionType` of MEC 012 6.3.
    package var subscriptionType: String {
        switch self {
        case .cellChange: "CellChangeSubscription"
        case .rabEst: "RabEstSubscription"
        case .rabMod: "RabModSubscription"
        case .rabRel: "RabRelSubscription"
        case .measRepUe: "MeasRepUeSubscription"
        case .nrMeasRepUe: "NrMeasRepUeSubscription"
        case .measTa: "MeasTaSubscription"
        case .caReconf: "CaReconfSubscription"
        case .s1Bearer: "S1BearerSubscription"
        }
    }

    /// The value of the query parameter `subscription_type`, MEC 012 7.6.3.
    package var queryName: String {
        switch self {
        case .cellChange: "cell_change"
        case .rabEst: "rab_est"
        case .rabMod: "rab_mod"
        case .rabRel: "rab_rel"
        case .measRepUe: "meas_rep_ue"
        case .nrMeasRepUe: "nr_meas_rep_ue"
        case .measTa: "timing_advance_ue"
        case .caReconf: "ca_reconf"
        case .s1Bearer: "s1_bearer"
        }
    }

    fileprivate var criteriaKey: String {
        switch self {
        case .cellChange: "filterCriteriaAssocHo"
        case .rabEst, .rabMod, .rabRel: "filterCriteriaQci"
        case .measRepUe: "filterCriteriaAssocTri"
        case .nrMeasRepUe: "filterCriteriaNrMrs"
        case .measTa, .caReconf: "filterCriteriaAssoc"
        case .s1Bearer: "S1BearerSubscriptionCriteria"
        }
    }
}

extension RniSubscription: Codable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Every criterion of 6.3; a type ignores those it does not have.
    private struct Criteria: Codable {
        var appInstanceId: String?
        var associateId: [AssociateId]?
        var ecgi: [Ecgi]?
        var nrcgi: [Nrcgi]?
        var hoStatus: [Int]?
        var qci: UInt8?
        var erabId: ErabId?
        var trigger: [UInt8]?
        var triggerNr: [UInt8]?
    }

    /// One in RabMod and RabRel (6.3.4, 6.3.5), a list in S1Bearer (6.3.9).
    private enum ErabId: Codable {
        case one(UInt8)
        case list([UInt8])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let list = try? value.decode([UInt8].self) {
                self = .list(list)
            } else {
                self = .one(try value.decode(UInt8.self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            switch self {
            case .one(let id): try value.encode(id)
            case .list(let ids): try value.encode(ids)
            }
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let type = try values.decode(String.self, forKey: Key("subscriptionType"))
        guard let event = RniEvent.allCases.first(where: { $0.subscriptionType == type }) else {
            throw DecodingError.dataCorruptedError(
                forKey: Key("subscriptionType"),
                in: values,
                debugDescription: "expected a subscription type of MEC 012 6.3, found \(type)"
            )
        }
        delivery = try SubscriptionDelivery(from: decoder)
        let key = Key(event.criteriaKey)
        let criteria = try values.decode(Criteria.self, forKey: key)
        func refuse(_ reason: String) -> DecodingError {
            DecodingError.dataCorruptedError(forKey: key, in: values, debugDescription: reason)
        }
        appInstanceId = criteria.appInstanceId
        filter = RniFilter(event)
        filter.associateIds = Set(criteria.associateId ?? [])
        filter.cells = Set((criteria.ecgi ?? []).map(\.identity) + (criteria.nrcgi ?? []).map(\.identity))
        for status in criteria.hoStatus ?? [] {
            guard let known = UInt8(exactly: status).flatMap(HandoverStatus.init) else {
                throw refuse("expected hoStatus 1 to 5, found \(status)")
            }
            filter.hoStatus.insert(known)
        }
        // 6.3.2: the default is used and included in the response.
        if event == .cellChange, filter.hoStatus.isEmpty { filter.hoStatus = [.completed] }
        filter.qci = criteria.qci
        if [.rabEst, .rabMod, .rabRel].contains(event), criteria.qci == nil {
            throw refuse("qci is required")
        }
        switch criteria.erabId {
        case .one(let id): filter.erabIds = [id]
        case .list(let ids): filter.erabIds = Set(ids)
        case nil:
            if event == .rabMod || event == .rabRel { throw refuse("erabId is required") }
        }
        filter.triggers = Set(event == .nrMeasRepUe ? criteria.triggerNr ?? [] : criteria.trigger ?? [])
        if event == .s1Bearer {
            for type in try values.decode([Int].self, forKey: Key("eventType")) {
                guard let step = UInt8(exactly: type).flatMap(BearerStep.init) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: Key("eventType"),
                        in: values,
                        debugDescription: "expected 1 to 3, found \(type)"
                    )
                }
                filter.s1Events.insert(step)
            }
            guard !filter.s1Events.isEmpty else { throw refuse("eventType must name at least one event") }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        let event = filter.event
        try values.encode(event.subscriptionType, forKey: Key("subscriptionType"))
        try delivery.encode(to: encoder)
        var criteria = Criteria()
        criteria.appInstanceId = event == .s1Bearer ? nil : appInstanceId
        let identifiers = filter.associateIds.sorted {
            ($0.type.rawValue, $0.value) < ($1.type.rawValue, $1.value)
        }
        criteria.associateId = identifiers.isEmpty ? nil : identifiers
        let cells = filter.cells.sorted { $0.description < $1.description }
        let (ecgis, nrcgis) = (cells.compactMap(Ecgi.init), cells.compactMap(Nrcgi.init))
        criteria.ecgi = ecgis.isEmpty ? nil : ecgis
        criteria.nrcgi = nrcgis.isEmpty ? nil : nrcgis
        if event == .cellChange { criteria.hoStatus = filter.hoStatus.map { Int($0.rawValue) }.sorted() }
        criteria.qci = filter.qci
        if event == .s1Bearer {
            criteria.erabId = filter.erabIds.isEmpty ? nil : .list(filter.erabIds.sorted())
            try values.encode(filter.s1Events.map(\.rawValue).sorted(), forKey: Key("eventType"))
        } else if let one = filter.erabIds.first {
            criteria.erabId = .one(one)
        }
        let triggers = filter.triggers.isEmpty ? nil : filter.triggers.sorted()
        if event == .nrMeasRepUe { criteria.triggerNr = triggers } else { criteria.trigger = triggers }
        try values.encode(criteria, forKey: Key(event.criteriaKey))
    }
}
