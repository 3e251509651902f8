import MECModel

extension LocationState {
    /// Checks a subscription and makes ready what it needs to work.
    func work(
        of subscription: LocationSubscription,
        now: RadioTime
    ) throws(SubscriptionFault) -> ActiveSubscription.Work {
        switch subscription.criteria {
        case .userLocationEvent(let criteria):
            try require(address: criteria.address, "address")
            try limit(criteria.userEventPara?.accessPointList, "userEventPara.accessPointList")
            let cell = usersByAddress[criteria.address].flatMap { self[$0]?.cell }
            return .userLocationEvent(isInside: isWatched(cell, criteria))
        case .userLocationPeriodic(let criteria):
            try require(address: criteria.address, "address")
            let info = criteria.periodicEventInfo
            guard info.reportingAmount >= 1, info.reportingInterval >= 1 else {
                throw SubscriptionFault(
                    field: "periodicEventInfo",
                    expected: "a reportingAmount and a reportingInterval of at least 1",
                    found: "\(info.reportingAmount) and \(info.reportingInterval)"
                )
            }
            // 6.5, note: for compatibility with OMA MLP and RLP.
            let seconds = UInt64(info.reportingAmount) * UInt64(info.reportingInterval)
            guard seconds <= 8_639_999 else {
                throw SubscriptionFault(
                    field: "periodicEventInfo",
                    expected: "reportingAmount × reportingInterval of at most 8639999 seconds",
                    found: "\(seconds)"
                )
            }
            let first = now.advanced(byNanoseconds: Int64(info.reportingInterval) * 1_000_000_000)
            return .userLocationPeriodic(next: first, remaining: info.reportingAmount)
        case .zoneLocationEvent(let criteria):
            try require(criteria.zoneId, "zoneId")
            try limit(criteria.addressList, "addressList")
            return .zoneLocationEvent
        case .zoneStatus(let criteria):
            try require(criteria.zoneId, "zoneId")
            let thresholds = [
                criteria.upperNumberOfUsersZoneThreshold, criteria.lowerNumberOfUsersZoneThreshold,
                criteria.upperNumberOfUsersAPThreshold, criteria.lowerNumberOfUsersAPThreshold,
            ]
            guard thresholds.contains(where: { $0 != nil }) || criteria.operationStatus?.isEmpty == false
            else {
                throw SubscriptionFault(
                    field: "ZoneStatusSubscription",
                    expected: "a threshold or an operationStatus",
                    found: "neither"
                )
            }
            return .zoneStatus
        case .userArea(let criteria):
            try limit(criteria.addressList, "addressList")
            try require(metres: criteria.trackingAccuracy, "trackingAccuracy")
            return .userArea(try AreaShape(criteria.areaDefine), addresses: Set(criteria.addressList))
        case .userDistance(let criteria): return .userDistance(try distanceWatch(criteria))
        }
    }

    private func distanceWatch(_ criteria: UserDistanceCriteria) throws(SubscriptionFault) -> DistanceWatch {
        try require(metres: criteria.distance, "distance")
        try require(metres: criteria.trackingAccuracy, "trackingAccuracy")
        try limit(criteria.monitoredAddress, "monitoredAddress")
        try limit(criteria.referenceAddress, "referenceAddress")
        let needed = criteria.referenceAddress?.isEmpty == false ? 1 : 2
        guard Set(criteria.monitoredAddress).count >= needed else {
            throw SubscriptionFault(
                field: "monitoredAddress",
                expected: "at least \(needed) address\(needed == 1 ? "" : "es, without a referenceAddress")",
                found: "\(criteria.monitoredAddress.count)"
            )
        }
        let references = criteria.referenceAddress?.count ?? 0
        let monitored = criteria.monitoredAddress.count
        let pairs = references > 0 ? monitored * references : monitored * (monitored - 1) / 2
        guard pairs <= limits.pairs else {
            throw SubscriptionFault(
                field: "monitoredAddress",
                expected: "at most \(limits.pairs) pairs",
                found: "\(pairs)"
            )
        }
        return DistanceWatch(criteria)
    }

    private func require(_ text: String, _ field: String) throws(SubscriptionFault) {
        if text.isEmpty { throw SubscriptionFault(field: field, expected: "a name", found: "nothing") }
    }

    private func require(address: String, _ field: String) throws(SubscriptionFault) {
        guard address.contains(":") else {
            throw SubscriptionFault(field: field, expected: "a URI such as acr:10.0.0.1", found: address)
        }
    }

    private func require(metres: Double, _ field: String) throws(SubscriptionFault) {
        guard metres >= 0, metres.isFinite else {
            throw SubscriptionFault(field: field, expected: "metres, 0 or more", found: "\(metres)")
        }
    }

    private func limit(_ list: [String]?, _ field: String) throws(SubscriptionFault) {
        guard let list, list.count > limits.addresses else { return }
        throw SubscriptionFault(field: field, expected: "at most \(limits.addresses)", found: "\(list.count)")
    }
}
