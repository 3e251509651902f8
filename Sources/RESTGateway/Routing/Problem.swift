import AppEnablement
import Bandwidth
import Bus
package import HTTPTypes
import Location
import MECModel

/// What stands in a ProblemDetails, RFC 7807 and MEC 009 6.15.
package struct Problem: Error, Sendable {
    package var status: HTTPResponse.Status
    package var title: String
    /// Names the field or parameter, what was expected and what was found.
    package var detail: String
    package var headers: HTTPFields = [:]

    package init(_ status: HTTPResponse.Status, _ title: String, _ detail: String) {
        self.status = status
        self.title = title
        self.detail = detail
    }

    static func parameter(_ name: String, expected: String, found: String) -> Problem {
        Problem(.badRequest, "invalid parameter", "\(name): expected \(expected), found \(found)")
    }

    static func notFound(_ detail: String) -> Problem { Problem(.notFound, "not found", detail) }

    /// One error, one status, one place.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let fault as RequestFault:
            switch fault.kind {
            case .invalid: self.init(.badRequest, "invalid request", fault.detail)
            case .notFound: self.init(.notFound, "not found", fault.detail)
            case .conflict: self.init(.conflict, "conflict", fault.detail)
            case .refused: self.init(.forbidden, "limit reached", fault.detail)
            }
        case let fault as BandwidthFault:
            self.init(HTTPResponse.Status(code: fault.status), fault.title, fault.detail)
        case let fault as SubscriptionFault:
            self.init(.badRequest, "invalid subscription", fault.description)
        case let error as DecodingError: self.init(.badRequest, "unreadable body", error.place)
        case let error as BusError:
            switch error {
            case .notAuthorized(let topic): self.init(.forbidden, "not allowed", "no right to \(topic)")
            case .overloaded:
                self.init(.serviceUnavailable, "busy", "the bus has no room; try again in a moment")
            default: self.init(.serviceUnavailable, "not kept", "\(error)")
            }
        default: self.init(.internalServerError, "failed", "\(error)")
        }
    }

    func body(instance: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", literal: "about:blank")
        writer.member("title", title)
        writer.member("status", status.code)
        writer.member("detail", detail)
        writer.member("instance", instance)
        writer.endObject()
        return writer.bytes
    }
}
