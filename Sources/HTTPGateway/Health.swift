/// One thing that can be well or not: the journal, a listener, a shard.
package struct HealthCheck: Sendable, Equatable {
    package enum Status: String, Sendable, Comparable {
        case pass
        /// Works, but a person should look.
        case warn
        case fail

        package static func < (a: Status, b: Status) -> Bool { a.severity < b.severity }
        private var severity: Int {
            switch self {
            case .pass: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    /// Which question the check answers.
    package enum Scope: Sendable {
        /// `/healthz`, and so `/readyz` too: does the process work at all, or should it be started anew?
        case liveness
        /// `/readyz` only: should clients be sent here now?
        case readiness
    }

    package var name: String
    package var scope: Scope
    package var status: Status
    /// What an operator should know; empty where "pass" says it all.
    package var detail: String

    package init(_ name: String, _ scope: Scope, _ status: Status, detail: String = "") {
        self.name = name
        self.scope = scope
        self.status = status
        self.detail = detail
    }
}

/// Something that knows how well it is.
package protocol HealthSource: Sendable {
    /// Answers within a second or so; what does not answer in time is reported as failed by whoever asked it.
    func health() async -> [HealthCheck]
}

/// The answer to `/healthz` and `/readyz`, in the form of the health check response draft (RFC-to-be
/// `draft-inadarei-api-health-check`): an overall status, and one entry per check.
struct HealthReport {
    var checks: [HealthCheck]

    /// Warnings do not take a server out of service.
    var status: HealthCheck.Status { checks.map(\.status).max() ?? .pass }

    var json: String {
        let entries = checks.map { check in
            let output = check.detail.isEmpty ? "" : ",\"output\":\(JSONText.string(check.detail))"
            return "\(JSONText.string(check.name)):[{\"status\":\"\(check.status.rawValue)\"\(output)}]"
        }
        return "{\"status\":\"\(status.rawValue)\",\"checks\":{\(entries.joined(separator: ","))}}\n"
    }
}

/// The little JSON that this module writes itself.
enum JSONText {
    static func string(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: out += "\\\""
            case 0x5C: out += "\\\\"
            case 0..<0x20, 0x7F:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
