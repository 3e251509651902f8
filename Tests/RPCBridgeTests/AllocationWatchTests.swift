import MECModel
import RPCBridge
import SwiftProtobuf
import Testing

struct AllocationWatchTests {
    typealias Open = Weir_Bandwidth_V1_WatchAllocationsRequest.Open

    static func event(_ application: String, _ id: String, _ change: Weir_Bandwidth_V1_BwChange) throws
        -> [UInt8]
    {
        try Weir_Bandwidth_V1_BwAllocationEvent.with {
            $0.change = change
            $0.bwInfo.appInsID = application
            $0.bwInfo.allocationID = id
        }.serializedBytes()
    }

    static let cases: [(name: String, open: Open, isWanted: Bool)] = [
        ("nothing said", Open(), true),
        ("its application", .with { $0.appInsID = ["other", "video"] }, true),
        ("another application", .with { $0.appInsID = ["other"] }, false),
        ("its identifier", .with { $0.allocationID = ["7"] }, true),
        ("another identifier", .with { $0.allocationID = ["8"] }, false),
        ("its change", .with { $0.change = [.created, .preempted] }, true),
        ("another change", .with { $0.change = [.deleted] }, false),
        (
            "all of them must hold",
            .with {
                $0.appInsID = ["video"]; $0.change = [.deleted]
            }, false
        ),
    ]

    @Test(arguments: cases.indices)
    func `criteria pick changes`(_ index: Int) throws {
        let (name, open, isWanted) = Self.cases[index]
        let watch = try AllocationWatch(open)
        #expect(watch.isWanted(try Self.event("video", "7", .preempted)) == isWanted, "\(name)")
    }

    @Test func `applications narrow the topics`() throws {
        #expect(try AllocationWatch(Open()).topicFilters == ["mec/v1/pb/bwm/allocation_change/#"])
        let two = try AllocationWatch(.with { $0.appInsID = ["b/c", "a", "a"] })
        #expect(
            two.topicFilters == [
                "mec/v1/pb/bwm/allocation_change/a/+", "mec/v1/pb/bwm/allocation_change/b%2Fc/+",
            ]
        )
        #expect(try !AllocationWatch(Open()).isWanted([0xFF]))
    }
}
