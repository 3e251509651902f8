package import SwiftProtobuf

extension RniNotification {
    /// The full name of the protobuf message that ``protobuf`` returns.
    package var protobufName: String { type(of: protobuf).protoMessageName }

    /// The event as a message of `weir.rnis.v1`.
    package var protobuf: any Message {
        switch self {
        case .cellChange(let body): Weir_Rnis_V1_CellChangeNotification(body)
        case .rabEst(let body): Weir_Rnis_V1_RabEstNotification(body)
        case .rabMod(let body): Weir_Rnis_V1_RabModNotification(body)
        case .rabRel(let body): Weir_Rnis_V1_RabRelNotification(body)
        case .measRepUe(let body): Weir_Rnis_V1_MeasRepUeNotification(body)
        case .nrMeasRepUe(let body): Weir_Rnis_V1_NrMeasRepUeNotification(body)
        case .measTa(let body): Weir_Rnis_V1_MeasTaNotification(body)
        case .caReconf(let body): Weir_Rnis_V1_CaReconfNotification(body)
        case .s1Bearer(let body): Weir_Rnis_V1_S1BearerNotification(body)
        }
    }
}

extension Google_Protobuf_Timestamp {
    package init(_ time: RadioTime) {
        self.init(
            seconds: time.nanoseconds / 1_000_000_000 - (time.nanoseconds % 1_000_000_000 < 0 ? 1 : 0),
            nanos: Int32((time.nanoseconds % 1_000_000_000 + 1_000_000_000) % 1_000_000_000)
        )
    }
}

extension Weir_Mec_V1_Plmn {
    package init(_ plmn: Plmn) {
        self.init()
        mcc = plmn.mcc
        mnc = plmn.mnc
    }
}

extension Weir_Mec_V1_CellIdentity {
    package init(_ cell: CellIdentity) {
        self.init()
        switch cell.access {
        case .eutra:
            var ecgi = Weir_Mec_V1_Ecgi()
            if let plmn = cell.plmn { ecgi.plmn = Weir_Mec_V1_Plmn(plmn) }
            ecgi.cellID = UInt32(truncatingIfNeeded: cell.number)
            self.ecgi = ecgi
        case .nr:
            var nrcgi = Weir_Mec_V1_Nrcgi()
            if let plmn = cell.plmn { nrcgi.plmn = Weir_Mec_V1_Plmn(plmn) }
            nrcgi.nrCellID = cell.number
            self.nrcgi = nrcgi
        case .wifi:
            bssid = cell.number
        }
    }
}

extension Weir_Mec_V1_Terminal {
    package init(_ terminal: NotifiedTerminal) {
        self.init()
        name = terminal.name
        associateID = terminal.associateId.map { identifier in
            var message = Weir_Mec_V1_AssociateId()
            message.type =
                Weir_Mec_V1_AssociateIdType(rawValue: Int(identifier.type.rawValue)) ?? .unspecified
            message.value = identifier.value
            return message
        }
        if let temporary = terminal.tempUeId {
            var message = Weir_Mec_V1_TempUeId()
            message.mmec = UInt32(temporary.mmec)
            message.mtmsi = temporary.mtmsi
            tempUeID = message
        }
    }
}

extension Weir_Rnis_V1_CellChangeNotification {
    init(_ body: CellChangeNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        srcCell = Weir_Mec_V1_CellIdentity(body.source)
        trgCell = body.targets.map(Weir_Mec_V1_CellIdentity.init)
        hoStatus = Weir_Rnis_V1_HoStatus(rawValue: Int(body.hoStatus.rawValue)) ?? .unspecified
    }
}

extension Weir_Rnis_V1_ErabQosParameters {
    /// - Returns: `nil` without a QCI, which the GS requires.
    init?(qci: UInt8?, rates: BearerRates?) {
        guard let qci else { return nil }
        self.init()
        self.qci = UInt32(qci)
        if let rates {
            var message = Weir_Rnis_V1_QosInformation()
            message.erabMbrDl = rates.erabMbrDl
            message.erabMbrUl = rates.erabMbrUl
            message.erabGbrDl = rates.erabGbrDl
            message.erabGbrUl = rates.erabGbrUl
            qosInformation = message
        }
    }
}

extension Weir_Rnis_V1_RabEstNotification {
    init(_ body: RabNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        cell = Weir_Mec_V1_CellIdentity(body.cell)
        erabID = UInt32(body.erabId)
        if let parameters = Weir_Rnis_V1_ErabQosParameters(qci: body.qci, rates: body.qosInformation) {
            erabQosParameters = parameters
        }
    }
}

extension Weir_Rnis_V1_RabModNotification {
    init(_ body: RabNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        cell = Weir_Mec_V1_CellIdentity(body.cell)
        erabID = UInt32(body.erabId)
        if let parameters = Weir_Rnis_V1_ErabQosParameters(qci: body.qci, rates: body.qosInformation) {
            erabQosParameters = parameters
        }
    }
}

extension Weir_Rnis_V1_RabRelNotification {
    init(_ body: RabNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        cell = Weir_Mec_V1_CellIdentity(body.cell)
        erabID = UInt32(body.erabId)
        if let parameters = Weir_Rnis_V1_ErabQosParameters(qci: body.qci, rates: body.qosInformation) {
            erabQosParameters = parameters
        }
    }
}

extension Weir_Rnis_V1_MeasTaNotification {
    init(_ body: MeasTaNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        cell = Weir_Mec_V1_CellIdentity(body.cell)
        timingAdvance = body.timingAdvance
    }
}

extension Weir_Rnis_V1_CaReconfNotification {
    init(_ body: CaReconfNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        cell = Weir_Mec_V1_CellIdentity(body.cell)
        secondaryCellAdd = body.secondaryCellAdd.map(Weir_Mec_V1_CellIdentity.init)
        secondaryCellRemove = body.secondaryCellRemove.map(Weir_Mec_V1_CellIdentity.init)
        carrierAggregationMeasInfo = body.carriers.map(Weir_Rnis_V1_CarrierMeasurement.init)
    }
}

extension Weir_Rnis_V1_S1BearerNotification {
    init(_ body: S1BearerNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        cell = Weir_Mec_V1_CellIdentity(body.cell)
        s1Event = Weir_Rnis_V1_S1Event(rawValue: Int(body.s1Event.rawValue)) ?? .unspecified
        s1BearerInfo = Weir_Rnis_V1_S1BearerInfo(erabId: body.erabId, enb: body.enb, sgw: body.sgw)
    }
}

extension Weir_Rnis_V1_S1BearerInfo {
    init(erabId: UInt8, enb: TunnelEndpoint?, sgw: TunnelEndpoint?) {
        self.init()
        erabID = UInt32(erabId)
        if let enb { enbInfo = Weir_Rnis_V1_TunnelInfo(enb) }
        if let sgw { sGwInfo = Weir_Rnis_V1_TunnelInfo(sgw) }
    }
}

extension Weir_Rnis_V1_TunnelInfo {
    init(_ endpoint: TunnelEndpoint) {
        self.init()
        ipAddress = endpoint.address.description
        tunnelID = endpoint.teid
    }
}
