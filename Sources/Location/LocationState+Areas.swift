import MECModel

// Users in circles and polygons, and their distances.

extension LocationState {
    /// Tells of the areas that the user entered and left with its new place.
    mutating func updateAreas(
        of terminal: TerminalIndex,
        _ place: LocationInfo,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let user = self[terminal] else { return }
        var inside: [Int] = []
        areaIndex.candidates(at: place.point) { slot in
            guard case .userArea(let shape, let addresses)? = slots[slot]?.work, shape.contains(place.point),
                addresses.isEmpty || addresses.contains(user.address)
            else { return }
            inside.append(slot)
        }
        guard inside != user.areas else { return }
        var areas = user.areas
        for slot in user.areas where !inside.contains(slot) && isSure(place, slot) {
            areas.removeAll { $0 == slot }
            tellArea(.leaving, user, place, slot, time, now, &outlet)
        }
        for slot in inside where !user.areas.contains(slot) && isSure(place, slot) {
            areas.append(slot)
            tellArea(.entering, user, place, slot, time, now, &outlet)
        }
        users[terminal.offset]?.areas = areas
    }

    /// The user is gone: it leaves the areas that it was in.
    mutating func leaveAreas(
        _ terminal: TerminalIndex,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let user = self[terminal], let place = user.place else { return }
        users[terminal.offset]?.areas = []
        for slot in user.areas { tellArea(.leaving, user, place, slot, time, now, &outlet) }
    }

    /// A position that is less sure than the subscriber accepts decides nothing.
    private func isSure(_ place: LocationInfo, _ slot: Int) -> Bool {
        guard case .userArea(let criteria)? = slots[slot]?.subscription.criteria else { return true }
        return criteria.trackingAccuracy <= 0 || Double(place.accuracy ?? 0) <= criteria.trackingAccuracy
    }

    private mutating func tellArea(
        _ event: LocationEventType,
        _ user: User,
        _ place: LocationInfo,
        _ slot: Int,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard case .userArea(let criteria)? = slots[slot]?.subscription.criteria,
            wants(event, criteria.locationEventCriteria)
        else { return }
        var body = UserAreaNotification(timeStamp: time, name: user.name, address: user.address, event: event)
        if criteria.reportingLocationReq == true { body.locationInfo = place }
        send(.userArea(body), slot, key: user.address, now, &outlet)
    }

    // MARK: - Distances

    /// Measures the distances that the user has part in.
    mutating func watchDistances(
        of user: User,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        for slot in user.watches {
            guard case .userDistance(var watch)? = slots[slot]?.work else { continue }
            let told = watch.moved(user.address) { place(of: $0) }
            slots[slot]?.work = .userDistance(watch)
            if let told { tellDistance(told, slot, time, now, &outlet) }
        }
    }

    mutating func tellDistance(
        _ addresses: [String],
        _ slot: Int,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard case .userDistance(let criteria)? = slots[slot]?.subscription.criteria else { return }
        let users = addresses.compactMap { usersByAddress[$0] }.compactMap(userInfo)
        let body = UserDistanceNotification(
            timeStamp: time,
            monitoredUsers: users,
            distanceEvent: criteria.criteria
        )
        send(.userDistance(body), slot, key: "", now, &outlet)
    }
}
