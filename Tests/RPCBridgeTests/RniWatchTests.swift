import MECModel
import RPCBridge
import SwiftProtobuf
import Testing

/// The filter criteria of MEC 012 6.3 against notifications as the bus carries them.
struct RniWatchTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let criteria: [Weir_Rnis_V1_NotificationCriteria]
        let event: RniEvent
        let body: [UInt8]
        /// The field of `Notification`; `nil` where the notification is not wanted.
        let field: Int?
        var testDescription: String { name }

        init(
            _ name: String,
            _ criteria: Weir_Rnis_V1_NotificationCriteria...,
            event: RniEvent,
            body: some Message,
            field: Int?
        ) {
            self.name = name
            self.criteria = criteria
            self.event = event
            self.body = (try? body.serializedBytes()) ?? []
            self.field = field
        }
    }

    typealias Criteria = Weir_Rnis_V1_NotificationCriteria

    static func cell(_ number: UInt32) -> Weir_Mec_V1_CellIdentity {
        .with { cell in
            cell.ecgi = .with {
                $0.plmn.mcc = "208"
                $0.plmn.mnc = "01"
                $0.cellID = number
            }
        }
    }

    static func address(_ text: String) -> Weir_Mec_V1_AssociateId {
        .with {
            $0.type = .ueIpv4Address
            $0.value = text
        }
    }

    static let change = Weir_Rnis_V1_CellChangeNotification.with {
        $0.terminal.associateID = [address("10.45.0.1")]
        $0.srcCell = cell(1)
        $0.trgCell = [cell(2)]
        $0.hoStatus = .completed
    }
    static let preparation = { () -> Weir_Rnis_V1_CellChangeNotification in
        var other = change
        other.hoStatus = .inPreparation
        return other
    }()
    static let modified = Weir_Rnis_V1_RabModNotification.with {
        $0.cell = cell(1)
        $0.erabID = 5
        $0.erabQosParameters.qci = 7
    }
    static let report = Weir_Rnis_V1_MeasRepUeNotification.with {
        $0.serving.cell = cell(1)
        $0.trigger = .eventA3
    }
    static let nrReport = Weir_Rnis_V1_NrMeasRepUeNotification.with {
        $0.servCellMeasInfo = [.with { $0.serving.cell = cell(3) }, .with { $0.serving.cell = cell(4) }]
        $0.triggerNr = .eventA3
    }
    static let bearer = Weir_Rnis_V1_S1BearerNotification.with {
        $0.cell = cell(1)
        $0.s1Event = .s1BearerModify
        $0.s1BearerInfo.erabID = 6
    }

    static func changes(_ body: (inout Weir_Rnis_V1_CellChangeCriteria) -> Void = { _ in }) -> Criteria {
        .with { $0.cellChange = .with(body) }
    }

    static let cases: [Case] = [
        Case("a completed change", changes(), event: .cellChange, body: change, field: 2),
        Case("6.3.2: completed is the default", changes(), event: .cellChange, body: preparation, field: nil),
        Case(
            "a status that was asked for",
            changes { $0.hoStatus = [.inPreparation] },
            event: .cellChange,
            body: preparation,
            field: 2
        ),
        Case(
            "no criteria want every status",
            event: .cellChange,
            body: preparation,
            field: 2
        ),
        Case(
            "the cell that is left",
            changes { $0.cell = [cell(1)] },
            event: .cellChange,
            body: change,
            field: 2
        ),
        Case("the cell entered", changes { $0.cell = [cell(2)] }, event: .cellChange, body: change, field: 2),
        Case("neither cell", changes { $0.cell = [cell(9)] }, event: .cellChange, body: change, field: nil),
        Case(
            "another terminal",
            changes { $0.associateID = [address("10.45.0.2")] },
            event: .cellChange,
            body: change,
            field: nil
        ),
        Case(
            "one of two terminals, and the cell",
            changes {
                $0.associateID = [address("10.45.0.2"), address("10.45.0.1")]
                $0.cell = [cell(2)]
            },
            event: .cellChange,
            body: change,
            field: 2
        ),
        Case(
            "the terminal but not the cell",
            changes {
                $0.associateID = [address("10.45.0.1")]
                $0.cell = [cell(9)]
            },
            event: .cellChange,
            body: change,
            field: nil
        ),
        Case("another kind", changes(), event: .rabMod, body: modified, field: nil),
        Case(
            "any of the criteria suffices",
            changes { $0.cell = [cell(9)] },
            changes { $0.cell = [cell(2)] },
            event: .cellChange,
            body: change,
            field: 2
        ),
        Case(
            "bearer and QCI",
            .with {
                $0.rabMod.qci = 7
                $0.rabMod.erabID = [4, 5]
            },
            event: .rabMod,
            body: modified,
            field: 4
        ),
        Case("another QCI", .with { $0.rabMod.qci = 8 }, event: .rabMod, body: modified, field: nil),
        Case("another bearer", .with { $0.rabMod.erabID = [4] }, event: .rabMod, body: modified, field: nil),
        Case(
            "a trigger",
            .with { $0.measRepUe.trigger = [.eventA3] },
            event: .measRepUe,
            body: report,
            field: 6
        ),
        Case(
            "another trigger",
            .with { $0.measRepUe.trigger = [.eventA5] },
            event: .measRepUe,
            body: report,
            field: nil
        ),
        Case(
            "the primary NR cell",
            .with { $0.nrMeasRepUe.cell = [cell(3)] },
            event: .nrMeasRepUe,
            body: nrReport,
            field: 7
        ),
        Case(
            "a secondary NR cell does not count",
            .with { $0.nrMeasRepUe.cell = [cell(4)] },
            event: .nrMeasRepUe,
            body: nrReport,
            field: nil
        ),
        Case(
            "an S1 event",
            .with { $0.s1Bearer.s1Event = [.s1BearerModify, .s1BearerRelease] },
            event: .s1Bearer,
            body: bearer,
            field: 10
        ),
        Case(
            "another S1 event",
            .with { $0.s1Bearer.s1Event = [.s1BearerRelease] },
            event: .s1Bearer,
            body: bearer,
            field: nil
        ),
    ]

    @Test(arguments: cases)
    func `criteria pick notifications`(_ testCase: Case) throws {
        let watch = try RniWatch(testCase.criteria)
        let topic = RniTopics.event(testCase.event, .protobuf, suffix: "20801/0000001/ue-1")
        #expect(watch.field(of: topic, payload: testCase.body) == testCase.field)
    }

    @Test func `what is no notification is left out`() throws {
        let watch = try RniWatch([])
        let topic = RniTopics.event(.cellChange, .protobuf, suffix: "20801/0000001/ue-1")
        #expect(watch.field(of: topic, payload: [0xFF]) == nil)
        #expect(watch.field(of: "some/other/topic", payload: []) == nil)
    }

    @Test func `criteria that name cells read the topics of those cells`() throws {
        let one = try RniWatch([.with { $0.measRepUe.cell = [Self.cell(1), Self.cell(2)] }])
        #expect(
            one.topicFilters == [
                "mec/v1/pb/rni/meas_rep_ue/20801/0000001/+", "mec/v1/pb/rni/meas_rep_ue/20801/0000002/+",
            ]
        )
        let all = try RniWatch([
            .with { $0.measRepUe.cell = [Self.cell(1)] }, .with { $0.measRepUe = .init() },
        ])
        #expect(all.topicFilters == ["mec/v1/pb/rni/meas_rep_ue/#"])
        // A cell change stands under one of its two cells.
        let change = try RniWatch([Self.changes { $0.cell = [Self.cell(1)] }])
        #expect(change.topicFilters == ["mec/v1/pb/rni/cell_change/#"])
        #expect(try RniWatch([]).topicFilters.count == RniEvent.allCases.count)
    }

    static let refused: [(String, Criteria)] = [
        ("no kind", Criteria()),
        ("a cell without PLMN", changes { $0.cell = [Weir_Mec_V1_CellIdentity()] }),
        ("a cell of 29 bits", changes { $0.cell = [cell(1 << 28)] }),
        ("an identifier without type", changes { $0.associateID = [Weir_Mec_V1_AssociateId()] }),
        ("a QCI beyond an octet", .with { $0.rabEst.qci = 256 }),
        ("a status that is none", changes { $0.hoStatus = [.UNRECOGNIZED(9)] }),
    ]

    @Test(arguments: refused.indices)
    func `criteria that cannot be are refused`(_ index: Int) {
        #expect(throws: (any Error).self, "\(Self.refused[index].0)") {
            try RniWatch([Self.refused[index].1])
        }
    }
}
