/// TimeStamp in a request body, MEC 012 6.5.3 and MEC 013 6.5.
package struct TimeStamp: Hashable, Sendable, Codable {
    package var seconds: UInt32
    /// 0…999,999,999.
    package var nanoSeconds: UInt32

    package init(seconds: UInt32, nanoSeconds: UInt32) {
        self.seconds = seconds
        self.nanoSeconds = nanoSeconds
    }

    package init(_ time: RadioTime) {
        let nanoseconds = max(0, time.nanoseconds)
        seconds = UInt32(clamping: nanoseconds / 1_000_000_000)
        nanoSeconds = UInt32(clamping: nanoseconds % 1_000_000_000)
    }

    package var time: RadioTime {
        RadioTime(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(nanoSeconds))
    }
}

/// LinkType, MEC 012 6.5.2.
package struct LinkType: Hashable, Sendable, Codable {
    package var href: String

    package init(href: String) { self.href = href }
}

/// The `_links` of a resource: its own URI.
package struct SelfLink: Hashable, Sendable, Codable {
    package var resource: LinkType

    private enum CodingKeys: String, CodingKey { case resource = "self" }

    package init(href: String) { resource = LinkType(href: href) }
}

/// WebsockNotifConfig, MEC 012 6.3.12 and MEC 013 6.3.
package struct WebsockNotifConfig: Hashable, Sendable, Codable {
    package var websocketUri: String?
    package var requestWebsocketUri: Bool?

    package init(websocketUri: String? = nil, requestWebsocketUri: Bool? = nil) {
        self.websocketUri = websocketUri
        self.requestWebsocketUri = requestWebsocketUri
    }
}
