package import MECModel

extension AppEnablementState {
    /// Registers an application, MEC 011 7.2.13.
    ///
    /// - Parameter id: Its identifier where it brings none.
    package mutating func register(_ info: AppInfo, id: String) throws(RequestFault) -> [AppEnablementChange]
    {
        try info.check()
        var info = info
        let id = info.appInstanceId ?? id
        guard id != Self.platform, applications[id] == nil else {
            throw RequestFault(.conflict, "appInstanceId: expected one that is not registered, found \(id)")
        }
        guard applications.count < limits.applications else {
            throw RequestFault(
                .refused,
                "registrations: expected at most \(limits.applications), found one more"
            )
        }
        info.appInstanceId = id
        let application = Application(info: info)
        applications[id] = application
        return [.application(id: id, application)]
    }

    /// Replaces what an application said of itself.
    package mutating func update(_ info: AppInfo, id: String) throws(RequestFault) -> [AppEnablementChange] {
        var application = try application(id)
        try info.check()
        if let named = info.appInstanceId, named != id {
            throw .invalid("appInstanceId", expected: id, found: named)
        }
        application.info = info
        application.info.appInstanceId = id
        applications[id] = application
        return [.application(id: id, application)]
    }

    /// Ends a registration and everything that the application had.
    package mutating func deregister(_ id: String) throws(RequestFault) -> [AppEnablementChange] {
        _ = try application(id)
        var changes: [AppEnablementChange] = []
        for service in services.values where service.appInstanceId == id {
            changes += try remove(service: service.info.serInstanceId ?? "", of: id)
        }
        for rule in (trafficRules[id] ?? [:]).keys.sorted() {
            changes.append(.trafficRuleRemoved(application: id, id: rule))
        }
        for rule in (dnsRules[id] ?? [:]).keys.sorted() {
            changes.append(.dnsRuleRemoved(application: id, id: rule))
        }
        trafficRules[id] = nil
        dnsRules[id] = nil
        applications[id] = nil
        changes.append(.applicationRemoved(id: id))
        return changes
    }

    /// AppReadyConfirmation, MEC 011 7.2.11. What is ready already stays so.
    package mutating func confirmReady(_ id: String) throws(RequestFault) -> [AppEnablementChange] {
        var application = try application(id)
        if let pending = application.pending {
            throw RequestFault(
                .conflict,
                "confirm_ready: expected an application in operation, found \(pending.action.rawValue) under way"
            )
        }
        guard !application.isReady else { return [] }
        application.isReady = true
        applications[id] = application
        return [.application(id: id, application)]
    }

    /// Tells an application to stop or terminate.
    package mutating func terminate(
        _ id: String,
        _ request: AppTerminationRequest,
        now: RadioTime
    ) throws(RequestFault) -> [AppEnablementChange] {
        var application = try application(id)
        guard (1...86_400).contains(request.maxGracefulTimeout) else {
            throw .invalid(
                "maxGracefulTimeout",
                expected: "1 to 86400 seconds",
                found: "\(request.maxGracefulTimeout)"
            )
        }
        if let pending = application.pending {
            throw RequestFault(
                .conflict,
                "terminate: expected an application in operation, found \(pending.action.rawValue) under way"
            )
        }
        let deadline = now.advanced(byNanoseconds: Int64(request.maxGracefulTimeout) * 1_000_000_000)
        application.pending = PendingOperation(action: request.operationAction, deadline: TimeStamp(deadline))
        applications[id] = application
        return [.application(id: id, application), .termination(application: id, request)]
    }

    /// AppTerminationConfirmation, MEC 011 7.2.12: 409 where nothing waits for it.
    package mutating func confirmTermination(
        _ id: String,
        _ action: OperationAction
    ) throws(RequestFault) -> [AppEnablementChange] {
        let application = try application(id)
        guard let pending = application.pending else {
            throw RequestFault(.conflict, "confirm_termination: expected a termination under way, found none")
        }
        guard pending.action == action else {
            throw RequestFault(
                .conflict,
                "operationAction: expected \(pending.action.rawValue), found \(action.rawValue)"
            )
        }
        return try finish(id, action)
    }

    /// Terminations whose time is over go on as if they were confirmed.
    mutating func finishOverdue(now: RadioTime) throws(RequestFault) -> [AppEnablementChange] {
        var changes: [AppEnablementChange] = []
        for (id, application) in applications {
            guard let pending = application.pending, pending.deadline.time <= now else { continue }
            changes += try finish(id, pending.action)
        }
        return changes
    }

    private mutating func finish(
        _ id: String,
        _ action: OperationAction
    ) throws(RequestFault) -> [AppEnablementChange] {
        guard action == .stopping else { return try deregister(id) }
        var application = try application(id)
        application.pending = nil
        application.isReady = false
        applications[id] = application
        var changes: [AppEnablementChange] = [.application(id: id, application)]
        for (key, var service) in services
        where service.appInstanceId == id && service.info.state != .inactive {
            service.info.state = .inactive
            services[key] = service
            heartbeats[key] = nil
            changes.append(.service(service, keeps: true))
            changes.append(.availability(service, .stateChanged))
        }
        for (key, var rule) in trafficRules[id] ?? [:] where rule.state == .active {
            rule.state = .inactive
            trafficRules[id]?[key] = rule
            changes.append(.trafficRule(application: id, rule))
        }
        for (key, var rule) in dnsRules[id] ?? [:] where rule.state == .active {
            rule.state = .inactive
            dnsRules[id]?[key] = rule
            changes.append(.dnsRule(application: id, rule))
        }
        return changes
    }

    // MARK: - Rules

    /// Gives an application a rule: what the platform manager does over Mm5, which the GS leaves open.
    package mutating func add(
        _ rule: TrafficRule,
        to application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        _ = try self.application(application)
        guard trafficRules[application]?[rule.trafficRuleId] == nil else {
            throw RequestFault(.conflict, "trafficRuleId: expected a new one, found \(rule.trafficRuleId)")
        }
        guard (trafficRules[application]?.count ?? 0) < limits.rules else {
            throw RequestFault(.refused, "traffic_rules: expected at most \(limits.rules), found one more")
        }
        return try put(rule, of: application)
    }

    package mutating func add(
        _ rule: DnsRule,
        to application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        _ = try self.application(application)
        guard dnsRules[application]?[rule.dnsRuleId] == nil else {
            throw RequestFault(.conflict, "dnsRuleId: expected a new one, found \(rule.dnsRuleId)")
        }
        guard (dnsRules[application]?.count ?? 0) < limits.rules else {
            throw RequestFault(.refused, "dns_rules: expected at most \(limits.rules), found one more")
        }
        return try put(rule, of: application)
    }

    /// Replaces a rule of an application, MEC 011 7.2.7: activates and deactivates it, mostly.
    package mutating func update(
        _ rule: TrafficRule,
        id: String,
        of application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        _ = try self.application(application)
        _ = try trafficRule(id, of: application)
        guard rule.trafficRuleId == id else {
            throw .invalid("trafficRuleId", expected: id, found: rule.trafficRuleId)
        }
        return try put(rule, of: application)
    }

    package mutating func update(
        _ rule: DnsRule,
        id: String,
        of application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        _ = try self.application(application)
        _ = try dnsRule(id, of: application)
        guard rule.dnsRuleId == id else { throw .invalid("dnsRuleId", expected: id, found: rule.dnsRuleId) }
        return try put(rule, of: application)
    }

    private mutating func put(
        _ rule: TrafficRule,
        of application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        try rule.check()
        trafficRules[application, default: [:]][rule.trafficRuleId] = rule
        return [.trafficRule(application: application, rule)]
    }

    private mutating func put(
        _ rule: DnsRule,
        of application: String
    ) throws(RequestFault) -> [AppEnablementChange] {
        try rule.check()
        dnsRules[application, default: [:]][rule.dnsRuleId] = rule
        return [.dnsRule(application: application, rule)]
    }
}
