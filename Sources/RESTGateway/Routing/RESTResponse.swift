import AppEnablement
package import HTTPTypes
import MECModel

/// An answer before its common header fields.
package struct RESTResponse: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields = [:]
    package var body: [UInt8] = []

    /// 204.
    static let noContent = RESTResponse(status: .noContent)

    static func json(
        _ body: [UInt8],
        status: HTTPResponse.Status = .ok,
        location: String? = nil,
        hasTag: Bool = false
    ) -> RESTResponse {
        var response = RESTResponse(status: status)
        response.headers[.contentType] = "application/json"
        if let location { response.headers[.location] = location }
        if hasTag { response.headers[.eTag] = tag(body) }
        response.body = body
        return response
    }

    static func value(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        location: String? = nil,
        hasTag: Bool = false
    ) throws -> RESTResponse {
        .json(try JSONBody.encode(value), status: status, location: location, hasTag: hasTag)
    }

    static func written(_ write: (inout JSONWriter) -> Void) -> RESTResponse {
        var writer = JSONWriter(reserving: 1_024)
        write(&writer)
        return .json(writer.bytes)
    }

    /// A strong validator: equal bodies have equal tags. FNV-1a, which is no secret and needs none.
    static func tag(_ body: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\"\(String(hash, radix: 16))\""
    }
}
