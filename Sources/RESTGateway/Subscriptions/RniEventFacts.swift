package import MECModel

/// A notification as the bus carries it in JSON.
extension RniEventFacts: Decodable {
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

    package init(from decoder: any Decoder) throws {
        self.init()
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
}
