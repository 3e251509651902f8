/// The topics of the radio network information service.
package enum RniTopics {
    /// The first levels of the second tree: `mec/v1/json/rni/`.
    package static func root(_ encoding: BodyEncoding) -> String {
        encoding == .json ? "mec/v1/json/rni/" : "mec/v1/pb/rni/"
    }

    package static let rabInfo = "/rni/enb/rab_info"
    package static let plmnInfo = "/rni/enb/plmn_info"
    package static let s1BearerInfo = "/rni/enb/s1_bearer_info"

    /// The topic of the second tree.
    /// - Parameter suffix: `{plmn}/{cell}/{ue}`.
    package static func event(_ event: RniEvent, _ encoding: BodyEncoding, suffix: String) -> String {
        prefix(event, encoding) + suffix
    }

    /// `{plmn}/{cell}/{ue}`; Wi-Fi has no PLMN and writes `wifi` there.
    package static func suffix(_ cell: CellIdentity, terminal: String) -> String {
        "\(cellLevels(cell))/\(terminal)"
    }

    package static func cellLevels(_ cell: CellIdentity) -> String {
        "\(cell.plmn?.description ?? "wifi")/\(cell.numberText)"
    }

    package static func ueState(_ encoding: BodyEncoding, terminal: String) -> String {
        "\(root(encoding))state/ue/\(terminal)"
    }

    package static func cellState(_ encoding: BodyEncoding, cell: CellIdentity) -> String {
        "\(root(encoding))state/cell/\(cellLevels(cell))"
    }

    private static func prefix(_ event: RniEvent, _ encoding: BodyEncoding) -> String {
        encoding == .json ? event.jsonPrefix : event.protobufPrefix
    }

    package static let channels: [TopicChannel] =
        RniEvent.allCases.flatMap(eventChannels) + snapshotChannels + stateChannels

    private static func eventChannels(_ event: RniEvent) -> [TopicChannel] {
        let base = event.channelName
        let levels = "{plmn}/{cell}/{ue}"
        return [
            TopicChannel(
                name: base,
                address: event.annexATopic,
                role: .event,
                encoding: .json,
                message: event.notificationType,
                summary: event.summary + ".",
                reference: "ETSI GS MEC 012 V2.2.1 clause \(event.clause) and Annex A"
            ),
            TopicChannel(
                name: base + "Json",
                address: event.jsonPrefix + levels,
                role: .event,
                encoding: .json,
                message: event.notificationType,
                summary: event.summary + ", by network, cell and terminal.",
                reference: "ETSI GS MEC 012 V2.2.1 clause \(event.clause)"
            ),
            TopicChannel(
                name: base + "Pb",
                address: event.protobufPrefix + levels,
                role: .event,
                encoding: .protobuf,
                message: "weir.rnis.v1.\(event.notificationType)",
                summary: event.summary + ", by network, cell and terminal.",
                reference: "protos/weir/rnis/v1/notifications.proto"
            ),
        ]
    }

    private static let snapshotChannels = [
        TopicChannel(
            name: "rniRabInfo",
            address: rabInfo,
            role: .snapshot,
            encoding: .json,
            message: "RabInfo",
            summary: "Radio access bearers, one message for each cell with terminals.",
            reference: "ETSI GS MEC 012 V2.2.1 clause 6.2.2 and Annex A"
        ),
        TopicChannel(
            name: "rniPlmnInfo",
            address: plmnInfo,
            role: .snapshot,
            encoding: .json,
            message: "PlmnInfoList",
            summary: "Networks present at the site.",
            reference: "ETSI GS MEC 012 V2.2.1 clause 6.2.3 and Annex A"
        ),
        TopicChannel(
            name: "rniS1BearerInfo",
            address: s1BearerInfo,
            role: .snapshot,
            encoding: .json,
            message: "S1BearerInfo",
            summary: "S1 bearers, one message for each cell with terminals.",
            reference: "ETSI GS MEC 012 V2.2.1 clause 6.2.4 and Annex A"
        ),
    ]

    private static let stateChannels = BodyEncoding.allCases.flatMap { encoding in
        [
            TopicChannel(
                name: "rniUeState" + encoding.channelSuffix,
                address: root(encoding) + "state/ue/{ue}",
                role: .state,
                encoding: encoding,
                message: encoding == .json ? "UeState" : "weir.rnis.v1.UeState",
                summary: "A terminal's serving cell and bearers now; cleared while no cell serves it.",
                reference: "ETSI GS MEC 012 V2.2.1 clause 6.2.2 (UeInfo)"
            ),
            TopicChannel(
                name: "rniCellState" + encoding.channelSuffix,
                address: root(encoding) + "state/cell/{plmn}/{cell}",
                role: .state,
                encoding: encoding,
                message: encoding == .json ? "CellState" : "weir.rnis.v1.CellState",
                summary: "A cell, its terminals and its load now; cleared when it is removed.",
                reference: "ETSI GS MEC 012 V2.2.1 clause 6.2.5 (CellInfo)"
            ),
        ]
    }
}

extension BodyEncoding {
    /// How channel names end.
    package var channelSuffix: String { self == .json ? "Json" : "Pb" }
}

extension RniEvent {
    /// The topic of MEC 012 Annex A.2-3.
    package var annexATopic: String {
        switch self {
        case .cellChange: "/rni/ue/mobility/cell_change"
        case .rabEst: "/rni/ue/rab/establish"
        case .rabMod: "/rni/ue/rab/modify"
        case .rabRel: "/rni/ue/rab/release"
        case .measRepUe: "/rni/ue/meas/report"
        case .nrMeasRepUe: "/rni/ue/meas/nr_report"
        case .measTa: "/rni/ue/meas/ta"
        case .caReconf: "/rni/ue/ca_reconf"
        case .s1Bearer: "/rni/ue/s1_bearer"
        }
    }

    /// The `notificationType` of MEC 012 6.4.
    package var notificationType: String {
        switch self {
        case .cellChange: "CellChangeNotification"
        case .rabEst: "RabEstNotification"
        case .rabMod: "RabModNotification"
        case .rabRel: "RabRelNotification"
        case .measRepUe: "MeasRepUeNotification"
        case .nrMeasRepUe: "NrMeasRepUeNotification"
        case .measTa: "MeasTaNotification"
        case .caReconf: "CaReconfNotification"
        case .s1Bearer: "S1BearerNotification"
        }
    }

    fileprivate var jsonPrefix: String {
        switch self {
        case .cellChange: "mec/v1/json/rni/cell_change/"
        case .rabEst: "mec/v1/json/rni/rab_est/"
        case .rabMod: "mec/v1/json/rni/rab_mod/"
        case .rabRel: "mec/v1/json/rni/rab_rel/"
        case .measRepUe: "mec/v1/json/rni/meas_rep_ue/"
        case .nrMeasRepUe: "mec/v1/json/rni/nr_meas_rep_ue/"
        case .measTa: "mec/v1/json/rni/timing_advance_ue/"
        case .caReconf: "mec/v1/json/rni/ca_reconf/"
        case .s1Bearer: "mec/v1/json/rni/s1_bearer/"
        }
    }

    /// The topic on the second tree before plmn, cell and terminal.
    package var protobufPrefix: String {
        switch self {
        case .cellChange: "mec/v1/pb/rni/cell_change/"
        case .rabEst: "mec/v1/pb/rni/rab_est/"
        case .rabMod: "mec/v1/pb/rni/rab_mod/"
        case .rabRel: "mec/v1/pb/rni/rab_rel/"
        case .measRepUe: "mec/v1/pb/rni/meas_rep_ue/"
        case .nrMeasRepUe: "mec/v1/pb/rni/nr_meas_rep_ue/"
        case .measTa: "mec/v1/pb/rni/timing_advance_ue/"
        case .caReconf: "mec/v1/pb/rni/ca_reconf/"
        case .s1Bearer: "mec/v1/pb/rni/s1_bearer/"
        }
    }

    fileprivate var channelName: String {
        switch self {
        case .cellChange: "rniCellChange"
        case .rabEst: "rniRabEst"
        case .rabMod: "rniRabMod"
        case .rabRel: "rniRabRel"
        case .measRepUe: "rniMeasRepUe"
        case .nrMeasRepUe: "rniNrMeasRepUe"
        case .measTa: "rniMeasTa"
        case .caReconf: "rniCaReconf"
        case .s1Bearer: "rniS1Bearer"
        }
    }

    fileprivate var summary: String {
        switch self {
        case .cellChange: "A terminal changes its serving cell"
        case .rabEst: "A radio access bearer is established"
        case .rabMod: "A radio access bearer is modified"
        case .rabRel: "A radio access bearer is released"
        case .measRepUe: "A measurement report of a terminal in an E-UTRA cell"
        case .nrMeasRepUe: "A measurement report of a terminal in an NR cell"
        case .measTa: "The timing advance of a terminal"
        case .caReconf: "Secondary cells of a terminal come and go"
        case .s1Bearer: "An S1 bearer is established, modified or released"
        }
    }

    fileprivate var clause: String {
        switch self {
        case .cellChange: "6.4.2"
        case .rabEst: "6.4.3"
        case .rabMod: "6.4.4"
        case .rabRel: "6.4.5"
        case .measRepUe: "6.4.6"
        case .nrMeasRepUe: "6.4.11"
        case .measTa: "6.4.7"
        case .caReconf: "6.4.8"
        case .s1Bearer: "6.4.10"
        }
    }
}
