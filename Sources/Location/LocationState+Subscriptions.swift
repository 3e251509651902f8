package import MECModel

extension LocationState {
    /// Begins a subscription.
    ///
    /// Who is inside an area already is not told of; with `checkImmediate` a distance that holds is.
    /// - Parameter id: Not in use; one topic level.
    /// - Throws: What is wrong with it, and nothing changes.
    package mutating func subscribe(
        _ subscription: LocationSubscription,
        id: String,
        now: RadioTime,
        to outlet: inout some LocationOutlet
    ) throws(SubscriptionFault) {
        let work = try check(subscription, id: id, now: now)
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(nil) }
        slots[slot] = ActiveSubscription(
            id: id,
            subscription: subscription,
            control: ReportingControl(subscription.criteria.reportingCtrl),
            expiry: subscription.delivery.expiryDeadline?.time,
            work: work
        )
        slotsById[id] = slot
        begin(slot, now, &outlet)
        setDue(slot)
        changes.append(.subscription(id: id, subscription))
    }

    /// Whether a subscription could begin now, without a change to anything.
    /// - Throws: What is wrong with it.
    @discardableResult
    func check(
        _ subscription: LocationSubscription,
        id: String,
        now: RadioTime
    ) throws(SubscriptionFault) -> ActiveSubscription.Work {
        guard slotsById[id] == nil else {
            throw SubscriptionFault(field: "id", expected: "one that is not in use", found: id)
        }
        guard slotsById.count < limits.subscriptions else {
            throw SubscriptionFault(
                field: "subscriptions",
                expected: "at most \(limits.subscriptions)",
                found: "one more"
            )
        }
        if let expiry = subscription.delivery.expiryDeadline?.time, expiry <= now {
            throw SubscriptionFault(
                field: "expiryDeadline",
                expected: "a time to come",
                found: "one that has passed"
            )
        }
        return try work(of: subscription, now: now)
    }

    /// Ends a subscription.
    /// - Returns: Whether there was one.
    package mutating func unsubscribe(id: String) -> Bool {
        guard let slot = slotsById[id] else { return false }
        end(slot, .deleted)
        return true
    }

    /// Puts another subscription in the place of one that is in force.
    /// - Throws: What is wrong with it; the old one is gone then, so it is tried on a copy first.
    package mutating func replace(
        _ subscription: LocationSubscription,
        id: String,
        now: RadioTime,
        to outlet: inout some LocationOutlet
    ) throws(SubscriptionFault) {
        if let slot = slotsById[id] {
            end(slot, .deleted)
            // Nobody is told of an end that is none.
            changes.removeLast()
        }
        try subscribe(subscription, id: id, now: now, to: &outlet)
    }

    package func subscription(id: String) -> LocationSubscription? {
        slotsById[id].flatMap { slots[$0]?.subscription }
    }

    /// By identifier, in alphabetical order.
    package var subscriptions: [(id: String, subscription: LocationSubscription)] {
        slotsById.keys.sorted().compactMap { id in subscription(id: id).map { (id, $0) } }
    }

    // MARK: - Time

    /// Does what is due: periodic reports, notifications whose interval has passed, expiry.
    package mutating func advance(to now: RadioTime, to outlet: inout some LocationOutlet) {
        for slot in dueTimes.indices where dueTimes[slot] <= now {
            guard let active = slots[slot] else { continue }
            defer { setDue(slot) }
            if let expiry = active.expiry, expiry <= now {
                end(slot, .expired)
                continue
            }
            if let notification = slots[slot]?.control.due(now: now) {
                outlet.emit(notification, subscription: active.id)
                if slots[slot]?.control.isExhausted == true { end(slot, .complete) }
            }
            if case .userLocationPeriodic(let next, let remaining) = active.work, next <= now {
                report(slot, next: next, remaining: remaining, now, &outlet)
            }
        }
    }

    private mutating func report(
        _ slot: Int,
        next: RadioTime,
        remaining: UInt32,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let active = slots[slot],
            case .userLocationPeriodic(let criteria) = active.subscription.criteria
        else { return }
        let user = usersByAddress[criteria.address].flatMap { self[$0] }
        var body = UserLocationPeriodicNotification(
            timeStamp: now,
            name: user?.name ?? criteria.address,
            address: criteria.address,
            // 6.4.5, note 3: success comes with a place.
            result: user?.place == nil ? .abnormal : .success
        )
        body.locationInfo = user?.place
        body.zoneId = zoneId(zone(of: user?.cell))
        body.accessPointId = user?.cell.flatMap { self[$0]?.accessPointId }
        body.isFinalNotification = remaining <= 1
        outlet.emit(.userLocationPeriodic(body), subscription: active.id)
        guard remaining > 1 else { return end(slot, .complete) }
        // Reports that were missed while time stood still are not made up for.
        let interval = Int64(criteria.periodicEventInfo.reportingInterval) * 1_000_000_000
        let missed = now.nanoseconds(since: next) / interval
        let due = next.advanced(byNanoseconds: (missed + 1) * interval)
        slots[slot]?.work = .userLocationPeriodic(next: due, remaining: remaining - 1)
    }

    // MARK: - Helpers

    /// Notes when ``advance(to:to:)`` has to look at a subscription next.
    private mutating func setDue(_ slot: Int) {
        while dueTimes.count <= slot { dueTimes.append(RadioTime(nanoseconds: .max)) }
        dueTimes[slot] = slots[slot]?.due ?? RadioTime(nanoseconds: .max)
    }

    /// Sends a subscription's notification now or when its interval allows.
    mutating func send(
        _ notification: LocationNotification,
        _ slot: Int,
        key: String,
        _ now: RadioTime,
        _ outlet: inout some LocationOutlet
    ) {
        guard let id = slots[slot]?.id,
            let decision = slots[slot]?.control.offer(notification, key: key, now: now)
        else { return }
        switch decision {
        case .send:
            outlet.emit(notification, subscription: id)
            if slots[slot]?.control.isExhausted == true { end(slot, .complete) }
        case .keep: setDue(slot)
        case .drop: counters.dropped += 1
        }
    }

    mutating func end(_ slot: Int, _ reason: SubscriptionEnd) {
        guard let active = slots[slot] else { return }
        switch active.work {
        case .userLocationEvent:
            if case .userLocationEvent(let criteria) = active.subscription.criteria {
                eventSlots[criteria.address] = Self.without(slot, eventSlots[criteria.address])
            }
        case .userLocationPeriodic: break
        case .zoneLocationEvent, .zoneStatus:
            if let zone = active.zoneId { zoneSlots[zone] = Self.without(slot, zoneSlots[zone]) }
        case .userArea(let shape, let addresses): unwatchArea(slot, shape, addresses)
        case .userDistance(let watch):
            for address in watch.addresses {
                distanceSlots[address] = Self.without(slot, distanceSlots[address])
                guard let terminal = usersByAddress[address] else { continue }
                users[terminal.offset]?.watches.removeAll { $0 == slot }
            }
        }
        slots[slot] = nil
        setDue(slot)
        slotsById[active.id] = nil
        freeSlots.append(slot)
        changes.append(.subscriptionEnded(id: active.id, reason))
    }

    static func without(_ slot: Int, _ slots: [Int]?) -> [Int]? {
        let left = (slots ?? []).filter { $0 != slot }
        return left.isEmpty ? nil : left
    }

    private mutating func begin(_ slot: Int, _ now: RadioTime, _ outlet: inout some LocationOutlet) {
        guard let active = slots[slot] else { return }
        switch active.work {
        case .userLocationEvent:
            guard case .userLocationEvent(let criteria) = active.subscription.criteria else { return }
            eventSlots[criteria.address, default: []].append(slot)
        case .userLocationPeriodic: break
        case .zoneLocationEvent, .zoneStatus:
            if let zone = active.zoneId { zoneSlots[zone, default: []].append(slot) }
        case .userArea(let shape, let addresses): watchArea(slot, shape, addresses)
        case .userDistance(var watch):
            for address in watch.addresses {
                distanceSlots[address, default: []].append(slot)
                guard let terminal = usersByAddress[address] else { continue }
                users[terminal.offset]?.watches.append(slot)
            }
            let told = watch.measureAll { place(of: $0) }
            slots[slot]?.work = .userDistance(watch)
            guard case .userDistance(let criteria) = active.subscription.criteria, criteria.checkImmediate
            else { return }
            if let told { tellDistance(told, slot, now, now, &outlet) }
        }
    }
}

extension LocationSubscription.Criteria {
    var reportingCtrl: ReportingCtrl? {
        switch self {
        case .userLocationEvent, .userLocationPeriodic: nil
        case .zoneLocationEvent(let criteria): criteria.reportingCtrl
        case .zoneStatus(let criteria): criteria.reportingCtrl
        case .userArea(let criteria): criteria.reportingCtrl
        case .userDistance(let criteria): criteria.reportingCtrl
        }
    }
}
