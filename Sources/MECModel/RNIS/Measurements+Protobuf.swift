import SwiftProtobuf

extension Weir_Rnis_V1_CellMeasurement {
    init(_ measurement: CellMeasurement) {
        self.init()
        cell = Weir_Mec_V1_CellIdentity(measurement.cell)
        let level = measurement.level
        if let report = level.rsrpReport { rsrp = UInt32(report) }
        if let report = level.rsrqReport { rsrq = UInt32(report) }
        if let report = level.sinrReport { sinr = UInt32(report) }
        if let raw = level.rsrp { rsrpDbm = Float(raw) }
        if let raw = level.rsrq { rsrqDb = Float(raw) }
        if let raw = level.sinr { sinrDb = Float(raw) }
    }
}

extension Weir_Rnis_V1_CarrierMeasurement {
    init(_ carrier: CarrierMeasurementInfo) {
        self.init()
        serving = Weir_Rnis_V1_CellMeasurement(carrier.serving)
        if let best = carrier.neighbour { neighbour = Weir_Rnis_V1_CellMeasurement(best) }
        if carrier.serving.cell.access == .nr, let arfcn = carrier.arfcn { nrCarrierFreq = arfcn }
    }
}

extension Weir_Rnis_V1_MeasRepUeNotification {
    init(_ body: MeasRepUeNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        serving = Weir_Rnis_V1_CellMeasurement(body.serving)
        trigger = Weir_Rnis_V1_Trigger(rawValue: Int(body.trigger)) ?? .unspecified
        neighbourCellMeasInfo = body.neighbours.map(Weir_Rnis_V1_CellMeasurement.init)
        carrierAggregationMeasInfo = body.carriers.map(Weir_Rnis_V1_CarrierMeasurement.init)
        if let height = body.heightUe { heightUe = height }
    }
}

extension Weir_Rnis_V1_NrMeasRepUeNotification {
    init(_ body: NrMeasRepUeNotification) {
        self.init()
        timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
        terminal = Weir_Mec_V1_Terminal(body.terminal)
        triggerNr = Weir_Rnis_V1_TriggerNr(rawValue: Int(body.triggerNr)) ?? .unspecified
        var primary = Weir_Rnis_V1_CarrierMeasurement()
        primary.serving = Weir_Rnis_V1_CellMeasurement(body.serving)
        servCellMeasInfo = [primary] + body.carriers.map(Weir_Rnis_V1_CarrierMeasurement.init)
        neighCellMeasInfo = body.neighbours.map(Weir_Rnis_V1_CellMeasurement.init)
    }
}
