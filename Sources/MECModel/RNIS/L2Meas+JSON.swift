extension L2Meas {
    /// The body of MEC 012 6.2.5. A terminal without an associateId, which it requires, is left out.
    package func writeJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("timeStamp", timeStamp)
        writer.beginArray("cellInfo")
        for cell in cellInfo {
            writer.beginObject()
            writer.member(cell.cell.access == .nr ? "nrcgi" : "ecgi", cell.cell)
            cell.load.writeMembers(to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.beginArray("cellUEInfo")
        for ue in cellUEInfo {
            guard let identifier = ue.terminal.associateId.first else { continue }
            writer.beginObject()
            writer.member(ue.cell.access == .nr ? "nrcgi" : "ecgi", ue.cell)
            writer.name("associateId")
            writer.value(identifier)
            ue.load.writeMembers(to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension CellLoadFact {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("dl_gbr_prb_usage_cell", prbUsage.downlinkGBR)
        writer.member("ul_gbr_prb_usage_cell", prbUsage.uplinkGBR)
        writer.member("dl_nongbr_prb_usage_cell", prbUsage.downlinkNonGBR)
        writer.member("ul_nongbr_prb_usage_cell", prbUsage.uplinkNonGBR)
        writer.member("dl_total_prb_usage_cell", totalDownlinkPrbUsage)
        writer.member("ul_total_prb_usage_cell", totalUplinkPrbUsage)
        writer.member("received_dedicated_preambles_cell", dedicatedPreambles)
        writer.member("received_randomly_selected_preambles_low_range_cell", randomPreamblesLowRange)
        writer.member("received_randomly_selected_preambles_high_range_cell", randomPreamblesHighRange)
        writer.member("number_of_active_ue_dl_gbr_cell", activeUes.downlinkGBR)
        writer.member("number_of_active_ue_ul_gbr_cell", activeUes.uplinkGBR)
        writer.member("number_of_active_ue_dl_nongbr_cell", activeUes.downlinkNonGBR)
        writer.member("number_of_active_ue_ul_nongbr_cell", activeUes.uplinkNonGBR)
        writer.member("dl_gbr_pdr_cell", packetDiscardRate.downlinkGBR)
        writer.member("ul_gbr_pdr_cell", packetDiscardRate.uplinkGBR)
        writer.member("dl_nongbr_pdr_cell", packetDiscardRate.downlinkNonGBR)
        writer.member("ul_nongbr_pdr_cell", packetDiscardRate.uplinkNonGBR)
    }

    /// The value of a query parameter of MEC 012 7.6a; `nil` when it is unknown or not a cell parameter.
    package func value(ofParameter name: String) -> UInt32?? {
        switch name {
        case "dl_gbr_prb_usage_cell": prbUsage.downlinkGBR
        case "ul_gbr_prb_usage_cell": prbUsage.uplinkGBR
        case "dl_nongbr_prb_usage_cell": prbUsage.downlinkNonGBR
        case "ul_nongbr_prb_usage_cell": prbUsage.uplinkNonGBR
        case "dl_total_prb_usage_cell": totalDownlinkPrbUsage
        case "ul_total_prb_usage_cell": totalUplinkPrbUsage
        case "received_dedicated_preambles_cell": dedicatedPreambles
        // The second spelling is the parameter's name in the GS.
        case "received_randomly_selected_preambles_low_range_cell",
            "received_randomly_selecte_preambles_low_range_cell":
            randomPreamblesLowRange
        case "received_randomly_selected_preambles_high_range_cell": randomPreamblesHighRange
        case "number_of_active_ue_dl_gbr_cell": activeUes.downlinkGBR
        case "number_of_active_ue_ul_gbr_cell": activeUes.uplinkGBR
        case "number_of_active_ue_dl_nongbr_cell": activeUes.downlinkNonGBR
        case "number_of_active_ue_ul_nongbr_cell": activeUes.uplinkNonGBR
        case "dl_gbr_pdr_cell": packetDiscardRate.downlinkGBR
        case "ul_gbr_pdr_cell": packetDiscardRate.uplinkGBR
        case "dl_nongbr_pdr_cell": packetDiscardRate.downlinkNonGBR
        case "ul_nongbr_pdr_cell": packetDiscardRate.uplinkNonGBR
        default: UInt32??.none
        }
    }
}

extension TerminalLoadFact {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("dl_gbr_delay_ue", delay.downlinkGBR)
        writer.member("ul_gbr_delay_ue", delay.uplinkGBR)
        writer.member("dl_nongbr_delay_ue", delay.downlinkNonGBR)
        writer.member("ul_nongbr_delay_ue", delay.uplinkNonGBR)
        writer.member("dl_gbr_pdr_ue", packetDiscardRate.downlinkGBR)
        writer.member("ul_gbr_pdr_ue", packetDiscardRate.uplinkGBR)
        writer.member("dl_nongbr_pdr_ue", packetDiscardRate.downlinkNonGBR)
        writer.member("ul_nongbr_pdr_ue", packetDiscardRate.uplinkNonGBR)
        writer.member("dl_gbr_throughput_ue", throughput.downlinkGBR)
        writer.member("ul_gbr_throughput_ue", throughput.uplinkGBR)
        writer.member("dl_nongbr_throughput_ue", throughput.downlinkNonGBR)
        writer.member("ul_nongbr_throughput_ue", throughput.uplinkNonGBR)
        writer.member("dl_gbr_data_volume_ue", dataVolume.downlinkGBR)
        writer.member("ul_gbr_data_volume_ue", dataVolume.uplinkGBR)
        writer.member("dl_nongbr_data_volume_ue", dataVolume.downlinkNonGBR)
        writer.member("ul_nongbr_data_volume_ue", dataVolume.uplinkNonGBR)
    }

    /// The value of a query parameter of MEC 012 7.6a; `nil` when it is unknown or not a terminal parameter.
    package func value(ofParameter name: String) -> UInt32?? {
        switch name {
        case "dl_gbr_delay_ue": delay.downlinkGBR
        case "ul_gbr_delay_ue": delay.uplinkGBR
        case "dl_nongbr_delay_ue": delay.downlinkNonGBR
        case "ul_nongbr_delay_ue": delay.uplinkNonGBR
        case "dl_gbr_pdr_ue": packetDiscardRate.downlinkGBR
        case "ul_gbr_pdr_ue": packetDiscardRate.uplinkGBR
        case "dl_nongbr_pdr_ue": packetDiscardRate.downlinkNonGBR
        case "ul_nongbr_pdr_ue": packetDiscardRate.uplinkNonGBR
        case "dl_gbr_throughput_ue": throughput.downlinkGBR
        case "ul_gbr_throughput_ue": throughput.uplinkGBR
        case "dl_nongbr_throughput_ue": throughput.downlinkNonGBR
        case "ul_nongbr_throughput_ue": throughput.uplinkNonGBR
        case "dl_gbr_data_volume_ue": dataVolume.downlinkGBR
        case "ul_gbr_data_volume_ue": dataVolume.uplinkGBR
        case "dl_nongbr_data_volume_ue": dataVolume.downlinkNonGBR
        case "ul_nongbr_data_volume_ue": dataVolume.uplinkNonGBR
        default: UInt32??.none
        }
    }
}
