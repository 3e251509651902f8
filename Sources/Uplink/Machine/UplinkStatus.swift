/// How the uplink is at one moment.
package struct UplinkStatus: Sendable, Equatable {
    package struct Lane: Sendable, Equatable {
        package var name: String
        package var epoch: UInt64
        package var backlog: LaneBacklog
        /// Since the start of the process.
        package var committedEvents: UInt64
        package var committedBatches: UInt64
        /// Bytes handed over, repetitions included, and what the stored ones were before compression.
        package var wireBytes: UInt64
        package var bodyBytes: UInt64
        package var resentBatches: UInt64
        /// Events refused for good by the far side.
        package var deadLetters: UInt64
        /// Events that a limit of the lane took, and those that thinning took.
        package var dropped: UInt64
        package var thinned: UInt64
        /// Seconds since something was stored; `nil` for never.
        package var sinceCommit: Double?
        package var isHeld: Bool
        /// Events stored per second, over the last seconds.
        package var rate: Double
        /// Seconds until the backlog is gone at this rate; `nil` where it grows or stands.
        package var drainSeconds: Double?
    }

    package var site: String
    package var instance: SiteInstance
    package var link: LinkMonitor.State
    /// Seconds that it has been so.
    package var linkSeconds: Double
    package var roundTripSeconds: Double
    package var connects: UInt64
    package var lastError: String
    package var conflict: String
    package var lanes: [Lane]
}

extension UplinkStatus {
    /// As it is retained on `mec/v1/json/backhaul/state`.
    package var json: String {
        var text = "{\"state\":\"\(link.rawValue)\",\"site\":\"\(site)\",\"instance\":\"\(instance)\""
        text +=
            ",\"stateSeconds\":\(Self.number(linkSeconds)),\"roundTripSeconds\":\(Self.number(roundTripSeconds))"
        text += ",\"connects\":\(connects)"
        if !lastError.isEmpty { text += ",\"lastError\":\(Self.quoted(lastError))" }
        if !conflict.isEmpty { text += ",\"conflict\":\(Self.quoted(conflict))" }
        text += ",\"lanes\":[" + lanes.map(Self.lane).joined(separator: ",") + "]}"
        return text
    }

    private static func lane(_ lane: Lane) -> String {
        var text = "{\"lane\":\"\(lane.name)\",\"epoch\":\"\(String(lane.epoch, radix: 16))\""
        text += ",\"backlogEvents\":\(lane.backlog.events),\"backlogBytes\":\(lane.backlog.bytes)"
        if lane.backlog.since > 0 { text += ",\"backlogSince\":\(lane.backlog.since / 1_000_000)" }
        text += ",\"eventsPerSecond\":\(number(lane.rate))"
        if let seconds = lane.drainSeconds { text += ",\"drainSeconds\":\(number(seconds))" }
        text += ",\"committedEvents\":\(lane.committedEvents),\"committedBatches\":\(lane.committedBatches)"
        text += ",\"wireBytes\":\(lane.wireBytes),\"bodyBytes\":\(lane.bodyBytes)"
        text += ",\"resentBatches\":\(lane.resentBatches),\"deadLetters\":\(lane.deadLetters)"
        text += ",\"dropped\":\(lane.dropped),\"thinned\":\(lane.thinned)"
        if let seconds = lane.sinceCommit { text += ",\"sinceCommitSeconds\":\(number(seconds))" }
        if lane.isHeld { text += ",\"held\":true" }
        return text + "}"
    }

    private static func number(_ value: Double) -> String {
        let thousandths = (value * 1_000).rounded()
        guard thousandths.isFinite, abs(thousandths) < 9e15 else { return "0" }
        return "\(thousandths / 1_000)"
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20: out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
