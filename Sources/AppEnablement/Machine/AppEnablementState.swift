package import MECModel

/// What the platform knows of applications, their services and rules: MEC 011.
///
/// A machine without clock or I/O: requests and the time go in; what is to be kept and told comes out as
/// ``AppEnablementChange`` values.
package struct AppEnablementState: Sendable {
    /// How much is kept at most. What is beyond is refused with 403.
    package struct Limits: Sendable, Equatable {
        /// 1…100,000.
        package var applications = 1_000
        /// Services of one application, 1…10,000.
        package var services = 100
        /// Rules of each kind of one application, 1…10,000.
        package var rules = 256

        package init() {}
    }

    /// An application instance.
    package struct Application: Hashable, Sendable, Codable {
        package var info: AppInfo
        package var isReady = false
        /// What it has been told to do and has not confirmed.
        package var pending: PendingOperation?

        package init(info: AppInfo) { self.info = info }
    }

    /// A termination that the application has been told of.
    package struct PendingOperation: Hashable, Sendable, Codable {
        package var action: OperationAction
        /// When Weir goes on without a confirmation.
        package var deadline: TimeStamp
    }

    /// A service as an application offers it.
    package struct Service: Hashable, Sendable, Codable {
        package var appInstanceId: String
        package var info: ServiceInfo
        /// Of the last heartbeat or change of state.
        package var heardAt: TimeStamp
    }

    package let limits: Limits
    package internal(set) var applications: [String: Application] = [:]
    /// By serInstanceId.
    package internal(set) var services: [String: Service] = [:]
    /// By application and rule.
    package internal(set) var trafficRules: [String: [String: TrafficRule]] = [:]
    package internal(set) var dnsRules: [String: [String: DnsRule]] = [:]
    /// Those who are waited for: service, and when it is suspended without a further heartbeat.
    var heartbeats: [String: RadioTime] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// The application instance that Weir's own services belong to.
    package static let platform = "weir"

    // MARK: - Look-up

    package func application(_ id: String) throws(RequestFault) -> Application {
        guard let application = applications[id] else {
            throw RequestFault(.notFound, "appInstanceId: expected a registered application, found \(id)")
        }
        return application
    }

    /// - Parameter appInstanceId: `nil` for services of all applications.
    package func services(_ query: ServiceQuery, of appInstanceId: String? = nil) -> [ServiceInfo] {
        services.values
            .filter { (appInstanceId == nil || $0.appInstanceId == appInstanceId) && query.matches($0.info) }
            .map(\.info)
            .sorted { ($0.serName, $0.serInstanceId ?? "") < ($1.serName, $1.serInstanceId ?? "") }
    }

    package func service(_ id: String, of appInstanceId: String? = nil) throws(RequestFault) -> Service {
        guard let service = services[id], appInstanceId == nil || service.appInstanceId == appInstanceId
        else {
            throw RequestFault(.notFound, "serviceId: expected a registered service, found \(id)")
        }
        return service
    }

    /// MEC 011 8.1.2.3: each transport that some service is offered over, once.
    package var transports: [TransportInfo] {
        var byId: [String: TransportInfo] = [:]
        for service in services.values {
            guard let transport = service.info.transportInfo, byId[transport.id] == nil else { continue }
            byId[transport.id] = transport
        }
        return byId.values.sorted { $0.id < $1.id }
    }

    package func trafficRule(_ id: String, of application: String) throws(RequestFault) -> TrafficRule {
        guard let rule = trafficRules[application]?[id] else {
            throw RequestFault(.notFound, "trafficRuleId: expected a rule of \(application), found \(id)")
        }
        return rule
    }

    package func dnsRule(_ id: String, of application: String) throws(RequestFault) -> DnsRule {
        guard let rule = dnsRules[application]?[id] else {
            throw RequestFault(.notFound, "dnsRuleId: expected a rule of \(application), found \(id)")
        }
        return rule
    }
}

/// What is to be kept on the bus and told, in this order.
package enum AppEnablementChange: Hashable, Sendable {
    case application(id: String, AppEnablementState.Application)
    case applicationRemoved(id: String)
    /// - Parameter keeps: Whether it must outlive the process; heartbeats and Weir's own services need not.
    case service(AppEnablementState.Service, keeps: Bool)
    case serviceRemoved(id: String)
    case trafficRule(application: String, TrafficRule)
    case trafficRuleRemoved(application: String, id: String)
    case dnsRule(application: String, DnsRule)
    case dnsRuleRemoved(application: String, id: String)
    /// ServiceAvailabilityNotification, MEC 011 8.1.4.2.
    case availability(AppEnablementState.Service, ServiceChange)
    /// AppTerminationNotification, MEC 011 7.1.4.2.
    case termination(application: String, AppTerminationRequest)
}
