import MECModel

// Users in circles and polygons, and their distances.

extension LocationState {
    /// Tells of the areas that the user entered and left with its new place.
    mutating func updateAreas(
        of terminal: TerminalIndex,
        _ user: User,
        _ place: LocationInfo,
        _ time: RadioTime,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        var inside: [Int] = []
        areaIndex.candidates(at: place.point) { slot in
            // Most areas name their users, and most users are not named: that costs next to nothing to see.
            guard openAreas[slot] || user.namedIn.contains(slot),
                case .userArea(let shape, _)? = slots[slot]?.work, shape.contains(place.point)
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

    /// Puts a subscription's area to work; who is inside already is not told of.
    mutating func watchArea(_ slot: Int, _ shape: AreaShape, _ addresses: Set<String>) {
        areaIndex.insert(slot, shape)
        while openAreas.count <= slot { openAreas.append(false) }
        openAreas[slot] = addresses.isEmpty
        for address in addresses {
            areaSlots[address, default: []].append(slot)
            guard let terminal = usersByAddress[address] else { continue }
            users[terminal.offset]?.namedIn.append(slot)
        }
        let watched =
            addresses.isEmpty ? Array(users.indices) : addresses.compactMap { usersByAddress[$0]?.offset }
        for offset in watched {
            guard let place = users[offset]?.place, shape.contains(place.point) else { continue }
            users[offset]?.areas.append(slot)
        }
    }

    mutating func unwatchArea(_ slot: Int, _ shape: AreaShape, _ addresses: Set<String>) {
        areaIndex.remove(slot, shape)
        for address in addresses {
            areaSlots[address] = Self.without(slot, areaSlots[address])
            guard let terminal = usersByAddress[address] else { continue }
            users[terminal.offset]?.namedIn.removeAll { $0 == slot }
            users[terminal.offset]?.areas.removeAll { $0 == slot }
        }
        guard addresses.isEmpty else { return }
        for offset in users.indices where users[offset]?.areas.isEmpty == false {
            users[offset]?.areas.removeAll { $0 == slot }
        }
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
