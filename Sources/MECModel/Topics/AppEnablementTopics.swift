/// The topics of application enablement.
package enum AppEnablementTopics {
    // What is kept, and of no concern to clients: topics under $weir/ are closed to them.
    package static let root = "$weir/app/"
    package static func application(_ id: String) -> String { "\(root)application/\(id)" }
    package static func service(_ id: String) -> String { "\(root)service/\(id)" }
    package static func trafficRule(_ application: String, _ id: String) -> String {
        "\(root)traffic_rule/\(application)/\(id)"
    }
    package static func dnsRule(_ application: String, _ id: String) -> String {
        "\(root)dns_rule/\(application)/\(id)"
    }

    // What everybody may hear.
    package static func serviceState(_ id: String) -> String { "mec/v1/json/svc/state/service/\(id)" }
    package static func availability(_ id: String) -> String { "mec/v1/json/svc/service_availability/\(id)" }
    package static func applicationState(_ id: String) -> String { "mec/v1/json/app/state/application/\(id)" }
    package static func trafficRuleState(_ application: String, _ id: String) -> String {
        "mec/v1/json/app/state/traffic_rule/\(application)/\(id)"
    }
    package static func dnsRuleState(_ application: String, _ id: String) -> String {
        "mec/v1/json/app/state/dns_rule/\(application)/\(id)"
    }
    package static func termination(_ id: String) -> String { "mec/v1/json/app/app_termination/\(id)" }

    package static let channels: [TopicChannel] = [
        TopicChannel(
            name: "serviceState",
            address: serviceState("{service}"),
            role: .state,
            encoding: .json,
            message: "ServiceInfo",
            summary: "A service that is offered at the site; cleared when it is no more.",
            reference: "ETSI GS MEC 011 V3.1.1 clause 8.1.2.2"
        ),
        TopicChannel(
            name: "serviceAvailability",
            address: availability("{service}"),
            role: .event,
            encoding: .json,
            message: "ServiceAvailabilityNotification",
            summary: "A service came, went, or changed.",
            reference: "ETSI GS MEC 011 V3.1.1 clause 8.1.4.2"
        ),
        TopicChannel(
            name: "applicationState",
            address: applicationState("{app}"),
            role: .state,
            encoding: .json,
            message: "ApplicationState",
            summary:
                "An application that is registered, and whether it is ready; cleared when it is no more.",
            reference: "ETSI GS MEC 011 V3.1.1 clause 7.1.2.6"
        ),
        TopicChannel(
            name: "applicationTermination",
            address: termination("{app}"),
            role: .event,
            encoding: .json,
            message: "AppTerminationNotification",
            summary: "An application is to stop or terminate.",
            reference: "ETSI GS MEC 011 V3.1.1 clause 7.1.4.2"
        ),
        TopicChannel(
            name: "trafficRuleState",
            address: trafficRuleState("{app}", "{rule}"),
            role: .state,
            encoding: .json,
            message: "TrafficRule",
            summary: "A traffic rule of an application; cleared when it is no more.",
            reference: "ETSI GS MEC 011 V3.1.1 clause 7.1.2.2"
        ),
        TopicChannel(
            name: "dnsRuleState",
            address: dnsRuleState("{app}", "{rule}"),
            role: .state,
            encoding: .json,
            message: "DnsRule",
            summary: "A DNS rule of an application; cleared when it is no more.",
            reference: "ETSI GS MEC 011 V3.1.1 clause 7.1.2.3"
        ),
    ]
}
