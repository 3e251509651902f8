import SwiftProtobuf

extension Weir_Rnis_V1_ErabInfo {
    init(_ bearer: ErabInfo) {
        self.init()
        erabID = UInt32(bearer.erabId)
        if let parameters = Weir_Rnis_V1_ErabQosParameters(qci: bearer.qci, rates: bearer.qosInformation) {
            erabQosParameters = parameters
        }
    }
}

extension Weir_Rnis_V1_RabInfo {
    package init(_ answer: RabInfo) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(answer.timeStamp)
        appInstanceID = answer.appInstanceId
        requestID = answer.requestId
        cellUserInfo = answer.cellUserInfo.map { cell in
            var message = Weir_Rnis_V1_CellUserInfo()
            message.cell = Weir_Mec_V1_CellIdentity(cell.cell)
            message.ueInfo = cell.ueInfo.map { ue in
                var message = Weir_Rnis_V1_UeInfo()
                message.terminal = Weir_Mec_V1_Terminal(ue.terminal)
                message.erabInfo = ue.erabInfo.map(Weir_Rnis_V1_ErabInfo.init)
                return message
            }
            return message
        }
    }
}

extension Weir_Rnis_V1_PlmnInfo {
    package init(_ answer: PlmnInfo) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(answer.timeStamp)
        appInstanceID = answer.appInstanceId
        plmn = answer.plmn.map(Weir_Mec_V1_Plmn.init)
    }
}

extension Weir_Rnis_V1_S1BearerInfoList {
    package init(_ answer: S1BearerInfo) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(answer.timeStamp)
        s1UeInfo = answer.s1UeInfo.map { ue in
            var message = Weir_Rnis_V1_S1UeInfo()
            message.terminal = Weir_Mec_V1_Terminal(ue.terminal)
            message.cell = Weir_Mec_V1_CellIdentity(ue.cell)
            message.s1BearerInfoDetailed = ue.bearers.map {
                Weir_Rnis_V1_S1BearerInfo(erabId: $0.erabId, enb: $0.enb, sgw: $0.sgw)
            }
            return message
        }
    }
}

extension Weir_Rnis_V1_Layer2Values {
    init(_ values: Layer2Values) {
        self.init()
        if let value = values.downlinkGBR { dlGbr = value }
        if let value = values.uplinkGBR { ulGbr = value }
        if let value = values.downlinkNonGBR { dlNongbr = value }
        if let value = values.uplinkNonGBR { ulNongbr = value }
    }
}

extension Weir_Rnis_V1_CellLayer2 {
    init(_ identity: CellIdentity, _ load: CellLoadFact) {
        self.init()
        cell = Weir_Mec_V1_CellIdentity(identity)
        prbUsage = Weir_Rnis_V1_Layer2Values(load.prbUsage)
        if let value = load.totalDownlinkPrbUsage { dlTotalPrbUsage = value }
        if let value = load.totalUplinkPrbUsage { ulTotalPrbUsage = value }
        if let value = load.dedicatedPreambles { receivedDedicatedPreambles = value }
        if let value = load.randomPreamblesLowRange { receivedRandomlySelectedPreamblesLowRange = value }
        if let value = load.randomPreamblesHighRange { receivedRandomlySelectedPreamblesHighRange = value }
        numberOfActiveUe = Weir_Rnis_V1_Layer2Values(load.activeUes)
        packetDiscardRate = Weir_Rnis_V1_Layer2Values(load.packetDiscardRate)
    }
}

extension Weir_Rnis_V1_L2Meas {
    package init(_ answer: L2Meas) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(answer.timeStamp)
        cellInfo = answer.cellInfo.map { Weir_Rnis_V1_CellLayer2($0.cell, $0.load) }
        cellUeInfo = answer.cellUEInfo.map { ue in
            var message = Weir_Rnis_V1_CellUeLayer2()
            message.cell = Weir_Mec_V1_CellIdentity(ue.cell)
            message.terminal = Weir_Mec_V1_Terminal(ue.terminal)
            message.delay = Weir_Rnis_V1_Layer2Values(ue.load.delay)
            message.packetDiscardRate = Weir_Rnis_V1_Layer2Values(ue.load.packetDiscardRate)
            message.throughput = Weir_Rnis_V1_Layer2Values(ue.load.throughput)
            message.dataVolume = Weir_Rnis_V1_Layer2Values(ue.load.dataVolume)
            return message
        }
    }
}

extension Weir_Rnis_V1_UeState {
    package init(_ state: UeState) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(state.timeStamp)
        terminal = Weir_Mec_V1_Terminal(state.terminal)
        servingCell = Weir_Mec_V1_CellIdentity(state.servingCell)
        secondaryCell = state.secondaryCells.map(Weir_Mec_V1_CellIdentity.init)
        erabInfo = state.erabInfo.map(Weir_Rnis_V1_ErabInfo.init)
    }
}

extension Weir_Rnis_V1_CellState {
    package init(_ state: CellState) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(state.timeStamp)
        cell = Weir_Mec_V1_CellIdentity(state.definition.identity)
        if let value = state.definition.name { name = value }
        if let value = state.zoneId { zoneID = value }
        if let value = state.definition.physicalCellId { physicalCellID = UInt32(value) }
        if let value = state.definition.arfcn { arfcn = value }
        if let position = state.definition.position {
            latitude = position.latitude
            longitude = position.longitude
        }
        if let value = state.definition.downlinkCapacity { downlinkCapacity = value }
        if let value = state.definition.uplinkCapacity { uplinkCapacity = value }
        numberOfUes = UInt32(clamping: state.numberOfUEs)
        if let load = state.load { layer2 = Weir_Rnis_V1_CellLayer2(state.definition.identity, load) }
    }
}
