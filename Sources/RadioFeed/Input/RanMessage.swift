/// What an xApp may say on `ran/in/…`: one JSON object, or a list of them, per message.
///
/// The level behind `ran/in/` says what is told; `ue` is a terminal's name, a cell is
/// `{"plmn": "00101", "cellId": "0A10101"}`, `{"plmn": …, "nrCellId": …}` or `{"bssid": …}`, `time` is
/// in seconds since 1970 UTC and may be left out.
///
/// | Topic | Fields (those with ? may be left out) |
/// | --- | --- |
/// | `ran/in/cell` | cell, name?, zone?, latitude?, longitude?, radius? (m), pci?, arfcn?, status? (serviceable, unserviceable, unknown) |
/// | `ran/in/terminal` | ue, addresses? |
/// | `ran/in/position` | ue, latitude, longitude, accuracy? (m), altitude? (m), speed? (m/s), heading? (degrees) |
/// | `ran/in/attach` | ue, cell |
/// | `ran/in/detach`, `ran/in/leave` | ue; gone for now, gone for good |
/// | `ran/in/handover` | ue, source, target, status (1 to 5 or IN_PREPARATION, IN_EXECUTION, COMPLETED, REJECTED, CANCELLED), otherTargets? |
/// | `ran/in/measurement` | ue, cell, rsrp? (dBm), rsrq? (dB), sinr? (dB), trigger?, neighbours? (list of cell, rsrp?, rsrq?, sinr?) |
/// | `ran/in/timing_advance` | ue, cell, timingAdvance (Ts) |
/// | `ran/in/bit_rate` | ue, downlink?, uplink? (bit/s) |
/// | `ran/in/bearer` | ue, cell, erabId, step (established, modified, released), qci?, erabMbrDl?, erabMbrUl?, erabGbrDl?, erabGbrUl? (bit/s, all four or none) |
/// | `ran/in/carrier_aggregation` | ue, cell, added?, removed? (lists of cells) |
/// | `ran/in/cell_load` | cell, totalDownlinkPrbUsage?, totalUplinkPrbUsage? (percent), activeUesDownlink?, activeUesUplink? |
struct RanMessage: Decodable, Sendable {
    struct Cell: Decodable, Sendable {
        var plmn: String?
        var cellId: String?
        var nrCellId: String?
        var bssid: String?
    }

    struct Neighbour: Decodable, Sendable {
        var cell: Cell
        var rsrp: Double?
        var rsrq: Double?
        var sinr: Double?
    }

    /// A number of MEC 012's enumerations or its name.
    enum Status: Decodable, Sendable {
        case number(Double)
        case name(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .name(try container.decode(String.self))
            }
        }
    }

    var time: Double?
    var ue: String?
    var addresses: [String]?
    var cell: Cell?
    var name: String?
    var zone: String?
    var latitude: Double?
    var longitude: Double?
    var radius: Double?
    var pci: Double?
    var arfcn: Double?
    var status: Status?
    var accuracy: Double?
    var altitude: Double?
    var speed: Double?
    var heading: Double?
    var source: Cell?
    var target: Cell?
    var otherTargets: [Cell]?
    var rsrp: Double?
    var rsrq: Double?
    var sinr: Double?
    var trigger: Double?
    var neighbours: [Neighbour]?
    var timingAdvance: Double?
    var downlink: Double?
    var uplink: Double?
    var erabId: Double?
    var step: String?
    var qci: Double?
    var erabMbrDl: Double?
    var erabMbrUl: Double?
    var erabGbrDl: Double?
    var erabGbrUl: Double?
    var added: [Cell]?
    var removed: [Cell]?
    var totalDownlinkPrbUsage: Double?
    var totalUplinkPrbUsage: Double?
    var activeUesDownlink: Double?
    var activeUesUplink: Double?
}

/// One object or a list of them.
struct RanMessages: Decodable, Sendable {
    let list: [RanMessage]

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.unkeyedContainer() {
            var container = container
            var list: [RanMessage] = []
            while !container.isAtEnd { list.append(try container.decode(RanMessage.self)) }
            self.list = list
        } else {
            list = [try RanMessage(from: decoder)]
        }
    }
}

/// What is wrong with a message that is JSON.
struct Complaint: Error, Sendable {
    var reason: FeedWarning.Reason
    var message: String

    init(_ reason: FeedWarning.Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
