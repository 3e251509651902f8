package import Journal
import MQTTWire

/// A durable stream: which topics it keeps, how safely and for how long.
package struct StreamConfiguration: Sendable, Equatable {
    /// 1…64 of `a-z 0-9 . _ -`, not beginning with a dot; also the name of its directory.
    package var name: String
    /// MQTT topic filters, without `$share`. A message that one of them matches is kept once.
    package var filters: [String]
    package var durability: Durability = .fsync
    /// Bytes on the disk; at least 1 MiB.
    package var bytesMaximum: UInt64 = 1 << 30
    /// Events older than this go, read or not; `nil` for no limit.
    package var ageMaximum: Duration?
    package var whenFull: FullPolicy = .dropOldest
    /// Whether events stay for replay until a limit asks for their room, or go as soon as every named cursor
    /// has passed them.
    package var keepsHistory = true

    package init(name: String, filters: [String]) {
        self.name = name
        self.filters = filters
    }

    /// - Throws: ``StreamError/invalid(_:)`` with what is wrong.
    func checked() throws(StreamError) -> [TopicFilter] {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        guard (1...64).contains(name.count), name.first != ".", name.allSatisfy(allowed.contains) else {
            throw .invalid(
                "stream name \"\(name)\": expected 1 to 64 of a-z, 0-9, \".\", \"_\", \"-\", not beginning with a dot"
            )
        }
        guard !filters.isEmpty else {
            throw .invalid("stream \"\(name)\" has no filters, expected at least one")
        }
        guard bytesMaximum >= 1 << 20 else {
            throw .invalid("stream \"\(name)\": \(bytesMaximum) bytes are too few, expected at least 1 MiB")
        }
        var parsed: [TopicFilter] = []
        for text in filters {
            do throws(WireError) {
                parsed.append(try TopicFilter(text))
            } catch {
                throw .invalid("stream \"\(name)\", filter \"\(text)\": \(error.message)")
            }
            if parsed.last?.isShared == true {
                throw .invalid("stream \"\(name)\", filter \"\(text)\": expected a filter without $share")
            }
        }
        return parsed
    }

    var logConfiguration: LogConfiguration {
        var result = LogConfiguration(
            durability: durability,
            retention: Retention(
                bytesMax: bytesMaximum,
                ageMax: ageMaximum,
                whenFull: whenFull,
                keepsHistory: keepsHistory
            )
        )
        // Checkpoints pin what lies behind them: a stream of few bytes has small segments and many checkpoints.
        result.segmentBytes = Int(min(64 << 20, max(256 << 10, bytesMaximum / 16)))
        return result
    }

    /// Bytes behind a checkpoint after which the next one is made.
    var checkpointBytes: UInt64 { min(64 << 20, bytesMaximum / 8) }
}

/// Where a reader begins.
package enum StreamStart: Sendable, Equatable {
    /// With the oldest event that is still there.
    case earliest
    /// With what is appended from now on.
    case latest
    /// With the first event at or behind a position.
    case at(LogPosition)
    /// With the first event taken in at or after this time, nanoseconds since 1970 UTC.
    case time(Int64)
}

/// Why a stream cannot do what it was asked.
package enum StreamError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalid(String)
    case unknown(name: String)
    case exists(name: String)
    /// The journal refuses to open, to read or to take a record.
    case journal(String)

    package var description: String {
        switch self {
        case .invalid(let text), .journal(let text): text
        case .unknown(let name): "there is no stream \"\(name)\""
        case .exists(let name): "there is a stream \"\(name)\" already, with other settings"
        }
    }
}
