package import SwiftProtobuf

extension RniEvent {
    /// Reads a body of the event's message in `weir.rnis.v1`.
    ///
    /// - Throws: Where the bytes are no such message.
    package func facts(ofProtobuf bytes: some SwiftProtobufContiguousBytes) throws -> RniEventFacts {
        switch self {
        case .cellChange: RniEventFacts(try Weir_Rnis_V1_CellChangeNotification(serializedBytes: bytes))
        case .rabEst: RniEventFacts(bearer: try Weir_Rnis_V1_RabEstNotification(serializedBytes: bytes))
        case .rabMod: RniEventFacts(bearer: try Weir_Rnis_V1_RabModNotification(serializedBytes: bytes))
        case .rabRel: RniEventFacts(bearer: try Weir_Rnis_V1_RabRelNotification(serializedBytes: bytes))
        case .measRepUe: RniEventFacts(try Weir_Rnis_V1_MeasRepUeNotification(serializedBytes: bytes))
        case .nrMeasRepUe: RniEventFacts(try Weir_Rnis_V1_NrMeasRepUeNotification(serializedBytes: bytes))
        case .measTa: RniEventFacts(of: try Weir_Rnis_V1_MeasTaNotification(serializedBytes: bytes))
        case .caReconf: RniEventFacts(of: try Weir_Rnis_V1_CaReconfNotification(serializedBytes: bytes))
        case .s1Bearer: RniEventFacts(try Weir_Rnis_V1_S1BearerNotification(serializedBytes: bytes))
        }
    }
}

/// A notification about a terminal in one cell.
private protocol CellNotification {
    var terminal: Weir_Mec_V1_Terminal { get }
    var cell: Weir_Mec_V1_CellIdentity { get }
}

extension Weir_Rnis_V1_MeasTaNotification: CellNotification {}
extension Weir_Rnis_V1_CaReconfNotification: CellNotification {}
extension Weir_Rnis_V1_S1BearerNotification: CellNotification {}

private protocol BearerNotification: CellNotification {
    var erabID: UInt32 { get }
    var hasErabQosParameters: Bool { get }
    var erabQosParameters: Weir_Rnis_V1_ErabQosParameters { get }
}

extension Weir_Rnis_V1_RabEstNotification: BearerNotification {}
extension Weir_Rnis_V1_RabModNotification: BearerNotification {}
extension Weir_Rnis_V1_RabRelNotification: BearerNotification {}

extension RniEventFacts {
    private init(_ terminal: Weir_Mec_V1_Terminal, _ cells: [Weir_Mec_V1_CellIdentity]) {
        self.init()
        associateIds = terminal.associateID.compactMap(AssociateId.init)
        self.cells = cells.compactMap(CellIdentity.init)
    }

    fileprivate init(of body: some CellNotification) { self.init(body.terminal, [body.cell]) }

    fileprivate init(bearer body: some BearerNotification) {
        self.init(of: body)
        erabIds = [UInt8(clamping: body.erabID)]
        if body.hasErabQosParameters { qci = UInt8(clamping: body.erabQosParameters.qci) }
    }

    fileprivate init(_ body: Weir_Rnis_V1_CellChangeNotification) {
        self.init(body.terminal, [body.srcCell] + body.trgCell)
        hoStatus = UInt8(clamping: body.hoStatus.rawValue)
    }

    fileprivate init(_ body: Weir_Rnis_V1_MeasRepUeNotification) {
        self.init(body.terminal, [body.serving.cell])
        trigger = UInt8(clamping: body.trigger.rawValue)
    }

    fileprivate init(_ body: Weir_Rnis_V1_NrMeasRepUeNotification) {
        // The first is the serving cell; those behind it are further carriers.
        self.init(body.terminal, body.servCellMeasInfo.prefix(1).map(\.serving.cell))
        trigger = UInt8(clamping: body.triggerNr.rawValue)
    }

    fileprivate init(_ body: Weir_Rnis_V1_S1BearerNotification) {
        self.init(of: body)
        s1Event = UInt8(clamping: body.s1Event.rawValue)
        erabIds = [UInt8(clamping: body.s1BearerInfo.erabID)]
    }
}

extension AssociateId {
    /// - Returns: `nil` for a type that MEC 012 6.5.4 does not have.
    package init?(_ message: Weir_Mec_V1_AssociateId) {
        guard let kind = UInt8(exactly: message.type.rawValue).flatMap(Kind.init) else { return nil }
        self.init(type: kind, value: message.value)
    }
}

extension CellIdentity {
    /// - Returns: `nil` where there is none, or it is out of range.
    package init?(_ message: Weir_Mec_V1_CellIdentity) {
        let identity: CellIdentity? =
            switch message.identity {
            case .ecgi(let ecgi):
                Plmn(mcc: ecgi.plmn.mcc, mnc: ecgi.plmn.mnc).flatMap {
                    .ecgi($0, cellId: UInt64(ecgi.cellID))
                }
            case .nrcgi(let nrcgi):
                Plmn(mcc: nrcgi.plmn.mcc, mnc: nrcgi.plmn.mnc).flatMap {
                    .ncgi($0, nrCellId: nrcgi.nrCellID)
                }
            case .bssid(let address): .bssid(address)
            case nil: nil
            }
        guard let identity else { return nil }
        self = identity
    }
}
