/// What srsRAN Project's gNB writes as JSON metrics, as far as it is used here.
///
/// Two shapes are in use. Until release 25.04 one object for each cell, with `ue_list` of
/// `{"ue_container": {…}}` and `event_list` of `{"cell_events": {…}}`; since then one object with `cells`, each with
/// `cell_metrics`, `ue_list` and `event_list` of plain objects. Other metrics (RLC, radio unit, application)
/// come over the same socket and have none of these.
struct SRSRANReport: Decodable, Sendable {
    struct Cell: Decodable, Sendable {
        var cell_metrics: CellMetrics?
        var ue_list: [UE]?
        var event_list: [Event]?
    }

    struct CellMetrics: Decodable, Sendable {
        var pci: LooseNumber?
    }

    struct UE: Decodable, Sendable {
        var pci: LooseNumber?
        var rnti: LooseNumber?
        /// Bits per second.
        var dl_brate: LooseNumber?
        var ul_brate: LooseNumber?
        /// Bytes that wait.
        var dl_bs: LooseNumber?
        var bsr: LooseNumber?

        private enum Keys: String, CodingKey {
            case ue_container, pci, rnti, dl_brate, ul_brate, dl_bs, bsr
        }

        init(from decoder: any Decoder) throws {
            var container = try decoder.container(keyedBy: Keys.self)
            if container.contains(.ue_container) {
                container = try container.nestedContainer(keyedBy: Keys.self, forKey: .ue_container)
            }
            pci = try container.decodeIfPresent(LooseNumber.self, forKey: .pci)
            rnti = try container.decodeIfPresent(LooseNumber.self, forKey: .rnti)
            dl_brate = try container.decodeIfPresent(LooseNumber.self, forKey: .dl_brate)
            ul_brate = try container.decodeIfPresent(LooseNumber.self, forKey: .ul_brate)
            dl_bs = try container.decodeIfPresent(LooseNumber.self, forKey: .dl_bs)
            bsr = try container.decodeIfPresent(LooseNumber.self, forKey: .bsr)
        }
    }

    struct Event: Decodable, Sendable {
        var rnti: LooseNumber?
        /// `ue_create`, `ue_reconf`, `ue_rem`.
        var event_type: String?

        private enum Keys: String, CodingKey { case cell_events, rnti, event_type }

        init(from decoder: any Decoder) throws {
            var container = try decoder.container(keyedBy: Keys.self)
            if container.contains(.cell_events) {
                container = try container.nestedContainer(keyedBy: Keys.self, forKey: .cell_events)
            }
            rnti = try container.decodeIfPresent(LooseNumber.self, forKey: .rnti)
            event_type = try container.decodeIfPresent(String.self, forKey: .event_type)
        }
    }

    var timestamp: LooseNumber?
    var cells: [Cell]?
    var cell_metrics: CellMetrics?
    var ue_list: [UE]?
    var event_list: [Event]?

    /// The cells of either shape; empty for metrics of another kind.
    var all: [Cell] {
        if let cells { return cells }
        guard ue_list != nil || event_list != nil else { return [] }
        return [Cell(cell_metrics: cell_metrics, ue_list: ue_list, event_list: event_list)]
    }
}
