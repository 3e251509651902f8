package import MECModel

/// What the filters of MEC 012 6.3 look at in a notification as the bus carries it.
package struct RniEventFacts: Decodable {
    private struct ErabQosParameters: Decodable { var qci: UInt8? }
    private struct ErabReleaseInfo: Decodable { var erabId: UInt8 }
    private struct ServingCell: Decodable { var nrcgi: Nrcgi? }
    private struct SCell: Decodable { var nrcgi: Nrcgi? }
    private struct ServCellMeasInfo: Decodable {
        var nrcgi: Nrcgi?
        var sCell: SCell?
    }
    private struct S1Bearer: Decodable { var erabId: UInt8 }
    private struct S1UeInfo: Decodable {
        var associateId: [AssociateId]?
        var ecgi: [Ecgi]?
        var s1BearerInfo: [S1Bearer]?
    }

    private enum CodingKeys: String, CodingKey {
        case associateId, ecgi, nrcgi, srcEcgi, trgEcgi, srcNrcgi, trgNrcgi, hoStatus, erabId,
            erabQosParameters
        case erabReleaseInfo, trigger, triggerNr, servCellMeasInfo, s1Event, s1UeInfo
    }

    let associateIds: [AssociateId]
    let cells: [CellIdentity]
    let hoStatus: UInt8?
    let erabIds: [UInt8]
    let qci: UInt8?
    let trigger: UInt8?
    let s1Event: UInt8?

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func optional<Value: Decodable>(_ key: CodingKeys, _ type: Value.Type) throws -> Value? {
            try values.decodeIfPresent(type, forKey: key)
        }
        let s1 = try optional(.s1UeInfo, S1UeInfo.self)
        associateIds = try optional(.associateId, [AssociateId].self) ?? s1?.associateId ?? []
        var cells: [CellIdentity] = []
        for key in [CodingKeys.ecgi, .srcEcgi] {
            if let cell = try optional(key, Ecgi.self) { cells.append(cell.identity) }
        }
        for key in [CodingKeys.nrcgi, .srcNrcgi] {
            if let cell = try optional(key, Nrcgi.self) { cells.append(cell.identity) }
        }
        cells += try (optional(.trgEcgi, [Ecgi].self) ?? []).map(\.identity)
        cells += try (optional(.trgNrcgi, [Nrcgi].self) ?? []).map(\.identity)
        cells += (s1?.ecgi ?? []).map(\.identity)
        // The first is the serving cell; those behind it are further carriers.
        if let serving = try optional(.servCellMeasInfo, [ServCellMeasInfo].self)?.first {
            if let cell = serving.nrcgi ?? serving.sCell?.nrcgi { cells.append(cell.identity) }
        }
        self.cells = cells
        hoStatus = try optional(.hoStatus, UInt8.self)
        var erabIds = (s1?.s1BearerInfo ?? []).map(\.erabId)
        if let id = try optional(.erabId, UInt8.self) { erabIds.append(id) }
        if let info = try optional(.erabReleaseInfo, ErabReleaseInfo.self) { erabIds.append(info.erabId) }
        self.erabIds = erabIds
        qci = try optional(.erabQosParameters, ErabQosParameters.self)?.qci
        trigger = try optional(.trigger, UInt8.self) ?? optional(.triggerNr, UInt8.self)
        s1Event = try optional(.s1Event, UInt8.self)
    }

    /// As ``RniFilter/matches(_:)`` for a notification that is text already.
    package func match(_ filter: RniFilter) -> Bool {
        if !filter.associateIds.isEmpty, !associateIds.contains(where: filter.associateIds.contains) {
            return false
        }
        if !filter.cells.isEmpty, !cells.contains(where: filter.cells.contains) { return false }
        switch filter.event {
        case .cellChange:
            let statuses = filter.hoStatus.isEmpty ? [.completed] : filter.hoStatus
            return hoStatus.flatMap(HandoverStatus.init).map(statuses.contains) ?? false
        case .rabEst, .rabMod, .rabRel:
            // A release says no QCI; the bearer's identifier tells which it was.
            return (filter.qci == nil || qci == nil || filter.qci == qci) && wantsBearer(filter)
        case .measRepUe, .nrMeasRepUe:
            return filter.triggers.isEmpty || trigger.map(filter.triggers.contains) ?? false
        case .measTa, .caReconf: return true
        case .s1Bearer:
            let isWanted = s1Event.flatMap(BearerStep.init).map(filter.s1Events.contains) ?? false
            return (filter.s1Events.isEmpty || isWanted) && wantsBearer(filter)
        }
    }

    private func wantsBearer(_ filter: RniFilter) -> Bool {
        filter.erabIds.isEmpty || erabIds.contains(where: filter.erabIds.contains)
    }
}
