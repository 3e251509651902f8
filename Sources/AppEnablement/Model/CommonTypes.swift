/// CategoryRef, MEC 011 8.1.5.2.
package struct CategoryRef: Hashable, Sendable, Codable {
    package var href: String
    package var id: String
    package var name: String
    package var version: String

    package init(href: String, id: String, name: String, version: String) {
        self.href = href
        self.id = id
        self.name = name
        self.version = version
    }
}

/// EndPointInfo, MEC 011 8.1.5.3: exactly one of its members.
package struct EndPointInfo: Hashable, Sendable, Codable {
    package struct Address: Hashable, Sendable, Codable {
        package var host: String
        /// 1…65,535.
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    package var uris: [String]?
    package var fqdn: [String]?
    package var addresses: [Address]?
    package var alternative: JSONTree?

    package init(uris: [String]? = nil, addresses: [Address]? = nil) {
        self.uris = uris
        self.addresses = addresses
    }

    func check(_ field: String) throws(RequestFault) {
        let given = [uris != nil, fqdn != nil, addresses != nil, alternative != nil].count { $0 }
        guard given == 1 else {
            throw .invalid(
                field,
                expected: "exactly one of uris, fqdn, addresses and alternative",
                found: "\(given) of them"
            )
        }
        for (index, address) in (addresses ?? []).enumerated() where !(1...65_535).contains(address.port) {
            throw .invalid(
                "\(field).addresses[\(index)].port",
                expected: "1 to 65535",
                found: "\(address.port)"
            )
        }
        if let alternative, !alternative.isObject {
            throw .invalid("\(field).alternative", expected: "an object", found: "another value")
        }
    }
}

/// SecurityInfo, MEC 011 8.1.5.4; members that it does not name are kept.
package struct SecurityInfo: Hashable, Sendable, Codable {
    package var oAuth2Info: OAuth2Info?
    private var extensions: [String: JSONTree] = [:]

    /// OAuth2Info of the same clause.
    package struct OAuth2Info: Hashable, Sendable, Codable {
        package var grantTypes: [String]
        package var tokenEndpoint: String?

        package init(grantTypes: [String], tokenEndpoint: String?) {
            self.grantTypes = grantTypes
            self.tokenEndpoint = tokenEndpoint
        }

        private enum CodingKeys: String, CodingKey { case grantTypes, tokenEndpoint }

        /// ETSI's two files differ: a list in one, one text in the other. Both are taken.
        package init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            if let one = try? values.decode(String.self, forKey: .grantTypes) {
                grantTypes = [one]
            } else {
                grantTypes = try values.decode([String].self, forKey: .grantTypes)
            }
            tokenEndpoint = try values.decodeIfPresent(String.self, forKey: .tokenEndpoint)
        }
    }

    package init(oAuth2Info: OAuth2Info? = nil) { self.oAuth2Info = oAuth2Info }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: AnyKey.self)
        oAuth2Info = try values.decodeIfPresent(OAuth2Info.self, forKey: AnyKey("oAuth2Info"))
        for key in values.allKeys where key.stringValue != "oAuth2Info" {
            extensions[key.stringValue] = try values.decode(JSONTree.self, forKey: key)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: AnyKey.self)
        try values.encodeIfPresent(oAuth2Info, forKey: AnyKey("oAuth2Info"))
        for (name, value) in extensions { try values.encode(value, forKey: AnyKey(name)) }
    }
}

/// A member's name that is not known beforehand.
struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// TransportInfo, MEC 011 8.1.2.3.
package struct TransportInfo: Hashable, Sendable, Codable {
    package var id: String
    package var name: String
    package var description: String?
    /// TransportType, 8.1.6.4; extensible, so any text.
    package var type: String
    package var `protocol`: String
    package var version: String
    package var endpoint: EndPointInfo
    package var security: SecurityInfo
    package var implSpecificInfo: JSONTree?

    package init(
        id: String,
        name: String,
        description: String? = nil,
        type: String,
        protocol: String,
        version: String,
        endpoint: EndPointInfo,
        security: SecurityInfo,
        implSpecificInfo: JSONTree? = nil
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.type = type
        self.protocol = `protocol`
        self.version = version
        self.endpoint = endpoint
        self.security = security
        self.implSpecificInfo = implSpecificInfo
    }
}

func requireText(_ text: String, _ field: String) throws(RequestFault) {
    guard !text.isEmpty, text.utf8.count <= 1_024 else {
        throw .invalid(field, expected: "a text of 1 to 1024 bytes", found: "\(text.utf8.count) bytes")
    }
}
