package import MECModel

extension AppEnablementState {
    /// Offers a service, MEC 011 8.2.6.3.4.
    ///
    /// - Parameter id: Its serInstanceId.
    package mutating func offer(
        _ info: ServiceInfo,
        by application: String,
        id: String,
        now: RadioTime
    ) throws(RequestFault) -> [AppEnablementChange] {
        _ = try self.application(application)
        guard services.values.count(where: { $0.appInstanceId == application }) < limits.services else {
            throw RequestFault(.refused, "services: expected at most \(limits.services), found one more")
        }
        let service = try service(info, application, id, now)
        services[id] = service
        awaitHeartbeat(service, now)
        return [.service(service, keeps: true), .availability(service, .added)]
    }

    /// Replaces a service, MEC 011 8.2.7.3.2.
    package mutating func update(
        _ info: ServiceInfo,
        id: String,
        of application: String,
        now: RadioTime
    ) throws(RequestFault) -> [AppEnablementChange] {
        _ = try self.application(application)
        let old = try service(id, of: application)
        if let named = info.serInstanceId, named != id {
            throw .invalid("serInstanceId", expected: id, found: named)
        }
        let new = try service(info, application, id, now)
        services[id] = new
        awaitHeartbeat(new, now)
        var changes: [AppEnablementChange] = [.service(new, keeps: true)]
        var onlyState = new.info
        onlyState.state = old.info.state
        if onlyState != old.info { changes.append(.availability(new, .attributesChanged)) }
        if new.info.state != old.info.state { changes.append(.availability(new, .stateChanged)) }
        return changes
    }

    package mutating func remove(
        service id: String,
        of application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        let service = try service(id, of: application)
        services[id] = nil
        heartbeats[id] = nil
        return [.serviceRemoved(id: id), .availability(service, .removed)]
    }

    /// A heartbeat, MEC 011 8.2.10.3.3.
    ///
    /// - Throws: A conflict for an inactive service (409), or what is wrong.
    package mutating func heartbeat(
        service id: String,
        _ update: ServiceLivenessUpdate,
        now: RadioTime
    ) throws(RequestFault) -> [AppEnablementChange] {
        var service = try service(id)
        guard let interval = service.info.livenessInterval, interval > 0 else {
            throw RequestFault(
                .notFound,
                "liveness: expected a service with a livenessInterval, found \(id) without"
            )
        }
        guard update.state == .active else {
            throw .invalid("state", expected: "ACTIVE", found: update.state.rawValue)
        }
        guard service.info.state != .inactive else {
            throw RequestFault(
                .conflict,
                "state: expected a service that is ACTIVE or SUSPENDED, found INACTIVE"
            )
        }
        let wasSuspended = service.info.state == .suspended
        service.info.state = .active
        service.heardAt = TimeStamp(now)
        services[id] = service
        awaitHeartbeat(service, now)
        guard wasSuspended else { return [] }
        return [.service(service, keeps: true), .availability(service, .stateChanged)]
    }

    /// Weir's own services, anew at each start.
    package mutating func offerOwn(_ infos: [ServiceInfo], now: RadioTime) throws(RequestFault)
        -> [AppEnablementChange]
    {
        var changes: [AppEnablementChange] = []
        for info in infos {
            let id = info.serInstanceId ?? ""
            let service = try service(info, Self.platform, id, now)
            services[id] = service
            changes.append(.service(service, keeps: false))
            changes.append(.availability(service, .added))
        }
        return changes
    }

    /// Does what is due: heartbeats that did not come, terminations whose time is over.
    package mutating func advance(to now: RadioTime) throws(RequestFault) -> [AppEnablementChange] {
        var changes = try finishOverdue(now: now)
        for (id, deadline) in heartbeats where deadline <= now {
            heartbeats[id] = nil
            guard var service = services[id], service.info.state == .active else { continue }
            service.info.state = .suspended
            services[id] = service
            changes.append(.service(service, keeps: true))
            changes.append(.availability(service, .stateChanged))
        }
        return changes
    }

    // MARK: - After a restart

    package mutating func load(_ application: Application, id: String) { applications[id] = application }

    /// Everybody has one interval to be heard again.
    package mutating func load(_ service: Service, now: RadioTime) {
        guard let id = service.info.serInstanceId, applications[service.appInstanceId] != nil else { return }
        services[id] = service
        awaitHeartbeat(service, now)
    }

    package mutating func load(_ rule: TrafficRule, of application: String) {
        guard applications[application] != nil else { return }
        trafficRules[application, default: [:]][rule.trafficRuleId] = rule
    }

    package mutating func load(_ rule: DnsRule, of application: String) {
        guard applications[application] != nil else { return }
        dnsRules[application, default: [:]][rule.dnsRuleId] = rule
    }

    // MARK: - Helpers

    private func service(
        _ info: ServiceInfo,
        _ application: String,
        _ id: String,
        _ now: RadioTime
    ) throws(RequestFault) -> Service {
        try info.check()
        var info = info
        if let transportId = info.transportId {
            guard let transport = transports.first(where: { $0.id == transportId }) else {
                throw .invalid("transportId", expected: "one of /transports", found: transportId)
            }
            // 8.1.2.2: the answer has the transport itself.
            info.transportId = nil
            info.transportInfo = transport
        }
        info.serInstanceId = id
        info.scopeOfLocality = info.scopeOfLocality ?? .mecHost
        info.consumedLocalOnly = info.consumedLocalOnly ?? true
        // Everything that is registered here is at this site.
        info.isLocal = true
        if info.livenessInterval == 0 { info.livenessInterval = nil }
        info._links = nil
        return Service(appInstanceId: application, info: info, heardAt: TimeStamp(now))
    }

    /// Half an interval more than asked for: a heartbeat that was sent in time may be on its way.
    private mutating func awaitHeartbeat(_ service: Service, _ now: RadioTime) {
        guard let id = service.info.serInstanceId else { return }
        guard let interval = service.info.livenessInterval, interval > 0, service.info.state == .active else {
            heartbeats[id] = nil
            return
        }
        heartbeats[id] = now.advanced(byNanoseconds: Int64(interval) * 1_500_000_000)
    }
}
