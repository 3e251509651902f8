import MECModel
import RPCBridge
import SwiftProtobuf
import Testing

/// The subscriptions of MEC 013 6.3 as protobuf: what goes in comes out again.
struct LocationCriteriaTests {
    typealias Criteria = Weir_Location_V1_NotificationCriteria

    static let all: [Criteria] = [
        .with { criteria in
            criteria.userLocationEvent = .with {
                $0.address = "acr:10.45.0.1"
                $0.accessPointID = ["20801000002"]
                $0.zoneID = "port"
                $0.oneTime = true
                $0.locationEvent = [.leavingAreaEvent]
                $0.reportingLocation = true
            }
        },
        .with { criteria in
            criteria.userLocationPeriodic = .with {
                $0.address = "acr:10.45.0.1"
                $0.reportingAmount = 3
                $0.reportingInterval = 10
            }
        },
        .with { criteria in
            criteria.zoneLocationEvent = .with {
                $0.zoneID = "port"
                $0.address = ["acr:10.45.0.1", "acr:10.45.0.2"]
                $0.locationEvent = [.enteringAreaEvent, .leavingAreaEvent]
                $0.reportingCtrl.maximumCount = 5
            }
        },
        .with { criteria in
            criteria.zoneStatus = .with {
                $0.zoneID = "port"
                $0.upperNumberOfUsersZoneThreshold = 10
                $0.lowerNumberOfUsersZoneThreshold = 0
                $0.upperNumberOfUsersApThreshold = 4
                $0.lowerNumberOfUsersApThreshold = 1
                $0.operationStatus = [.serviceable, .unserviceable, .unknown]
            }
        },
        .with { criteria in
            criteria.userArea = .with {
                $0.address = ["acr:10.45.0.1"]
                $0.area.points = [
                    .with {
                        $0.latitude = 43.7; $0.longitude = 7.4
                    }
                ]
                $0.area.radius = 200
                $0.trackingAccuracy = 15
                $0.reportingLocation = true
                $0.reportingCtrl = .with {
                    $0.minimumInterval = 1; $0.maximumFrequency = 2
                }
            }
        },
        .with { criteria in
            criteria.userDistance = .with {
                $0.monitoredAddress = ["acr:10.45.0.1"]
                $0.referenceAddress = ["acr:10.45.0.2"]
                $0.distance = 50
                $0.trackingAccuracy = 5
                $0.criteria = .anyBeyondDistance
                $0.checkImmediate = true
            }
        },
    ]

    @Test(arguments: all)
    func `criteria come back as they were`(_ criteria: Criteria) throws {
        let subscription = LocationSubscription(try LocationCriteria(criteria).value, clientCorrelator: "c")
        let back = Weir_Location_V1_Subscription("7", subscription)
        #expect(back.criteria == criteria)
        #expect(back.id == "7" && back.clientCorrelator == "c" && !back.hasExpiryDeadline)
    }

    @Test func `criteria of no kind are refused`() {
        #expect(throws: (any Error).self) { try LocationCriteria(Criteria()) }
        #expect(throws: (any Error).self) {
            try LocationCriteria(.with { $0.userDistance.monitoredAddress = ["acr:10.45.0.1"] })
        }
    }
}
