extension RabInfo {
    /// The body of MEC 012 6.2.2. A cell of NR stands under `nrcgi`, where the GS has no name for it.
    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("timeStamp", timeStamp)
        writer.member("appInstanceId", appInstanceId)
        writer.member("requestId", requestId)
        writer.beginArray("cellUserInfo")
        for cell in cellUserInfo { cell.writeJSON(to: &writer) }
        writer.endArray()
        writer.endObject()
    }
}

extension CellUserInfo {
    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member(cell.access == .nr ? "nrcgi" : "ecgi", cell)
        writer.beginArray("ueInfo")
        for ue in ueInfo { ue.writeJSON(to: &writer) }
        writer.endArray()
        writer.endObject()
    }
}

extension CellUserInfo.UeInfo {
    fileprivate func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("associateId", terminal.associateId)
        writer.erabInfo(erabInfo)
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func erabInfo(_ bearers: [ErabInfo]) {
        beginArray("erabInfo")
        for bearer in bearers {
            beginObject()
            member("erabId", bearer.erabId)
            erabQosParameters(bearer.qci, bearer.qosInformation)
            endObject()
        }
        endArray()
    }
}

extension PlmnInfo {
    /// The body of MEC 012 6.2.3.
    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("timeStamp", timeStamp)
        writer.member("appInstanceId", appInstanceId)
        writer.beginArray("plmn")
        for network in plmn { writer.value(network) }
        writer.endArray()
        writer.endObject()
    }
}

extension S1BearerInfo {
    /// The body of MEC 012 6.2.4.
    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("timeStamp", timeStamp)
        writer.beginArray("s1UeInfo")
        for ue in s1UeInfo {
            writer.beginObject()
            writer.member("tempUeId", ue.terminal.tempUeId)
            writer.member("associateId", ue.terminal.associateId)
            writer.beginArray(ue.cell.access == .nr ? "nrcgi" : "ecgi")
            writer.value(ue.cell)
            writer.endArray()
            writer.beginArray("s1BearerInfoDetailed")
            for bearer in ue.bearers { writer.s1Bearer(bearer.erabId, bearer.enb, bearer.sgw) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension UeState {
    /// The members of a CellUserInfo and its UeInfo (MEC 012 6.2.2) side by side, and what the GS does
    /// not tell of a terminal.
    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("timeStamp", timeStamp)
        writer.member("name", terminal.name)
        writer.member("associateId", terminal.associateId)
        writer.member("tempUeId", terminal.tempUeId)
        writer.member(servingCell.access == .nr ? "nrcgi" : "ecgi", servingCell)
        if !secondaryCells.isEmpty {
            writer.beginArray("secondaryCell")
            for cell in secondaryCells { writer.value(cell) }
            writer.endArray()
        }
        writer.erabInfo(erabInfo)
        writer.endObject()
    }
}

extension CellState {
    /// A CellInfo (MEC 012 6.2.5), and what the GS does not tell of a cell beside.
    package func writeJSON(to writer: inout JSONWriter) {
        let identity = definition.identity
        writer.beginObject()
        writer.member("timeStamp", timeStamp)
        writer.member(
            identity.access == .nr ? "nrcgi" : identity.access == .wifi ? "bssid" : "ecgi",
            identity
        )
        writer.member("name", definition.name)
        writer.member("zoneId", zoneId)
        writer.member("physicalCellId", definition.physicalCellId)
        writer.member("arfcn", definition.arfcn)
        if let position = definition.position {
            writer.name("latitude")
            writer.value(position.latitude, decimals: 7)
            writer.name("longitude")
            writer.value(position.longitude, decimals: 7)
        }
        writer.member("downlinkCapacity", definition.downlinkCapacity)
        writer.member("uplinkCapacity", definition.uplinkCapacity)
        writer.member("numberOfUEs", numberOfUEs)
        if let load { load.writeMembers(to: &writer) }
        writer.endObject()
    }
}
