/// Makes Weir's settings from a mosquitto.conf, and says what could not be carried over.
///
/// What mosquitto does by default and Weir does otherwise is written out, so that a site behaves as before.
package struct MosquittoImport {
    package private(set) var settings = SettingNode.map([], .builtIn)
    package internal(set) var notes: [ImportNote] = []
    var listeners: [MosquittoListener] = []
    private var bridges: Set<String> = []
    /// Directives after `connection` are the bridge's.
    private var isInBridge = false
    private var perListener = false

    package init(_ file: MosquittoFile) {
        notes = file.notes
        perListener = file.directives.last { $0.name == "per_listener_settings" }?.value == "true"
        for directive in file.directives { take(directive) }
        putListeners()
    }

    /// The settings as YAML, each value with the line it came from, the notes as comments above them.
    package var yaml: String {
        var lines = ["# Made by \"weir import\"; \"weir config sample\" explains every key."]
        if !notes.isEmpty {
            lines.append("#")
            lines.append("# Not, or not exactly, carried over:")
            lines += notes.map { "#   \($0)" }
        }
        return lines.joined(separator: "\n") + "\n\n" + settings.yaml
    }

    mutating func put(_ key: String, _ value: String, _ place: Place, isPlain: Bool = true) {
        guard let path = PathStep.parse(key) else { return }
        _ = settings.put(.scalar(value, isPlain: isPlain, place), at: path[...])
    }

    private mutating func note(_ directive: MosquittoFile.Directive, _ message: String) {
        notes.append(ImportNote(directive, message))
    }

    private mutating func take(_ directive: MosquittoFile.Directive) {
        if directive.name == "connection" {
            isInBridge = true
            bridges.insert(directive.value)
            note(
                directive,
                "bridges are not carried over; the uplink sends to a cloud broker and keeps what waits for it on disk"
            )
            return
        }
        if directive.name == "listener" || directive.name == "port" { isInBridge = false }
        if isInBridge, Self.bridgeDirectives.contains(directive.name) || directive.name.hasPrefix("bridge_") {
            return
        }
        if takeListener(directive) || takeAccess(directive) || takeBroker(directive) { return }
        if let reason = Self.leftOut[directive.name] {
            note(directive, reason)
        } else if directive.name.hasPrefix("auth_opt_") || directive.name.hasPrefix("plugin_opt_") {
            return  // Told once, at the plugin itself.
        } else if directive.name.hasPrefix("bridge_") {
            note(directive, "bridges are not carried over")
        } else {
            note(directive, "not known to mosquitto 2.0, so not carried over")
        }
    }

    private mutating func takeAccess(_ directive: MosquittoFile.Directive) -> Bool {
        let keys = [
            "password_file": "access.passwordFile", "acl_file": "access.rulesFile",
            "psk_file": "access.preSharedKeyFile",
        ]
        if let key = keys[directive.name] {
            if let before = settings.text(at: key), before != directive.value {
                note(
                    directive,
                    "one file serves all listeners here, so \"\(before)\" was kept and this one was not"
                )
            } else {
                put(key, directive.value, directive.place, isPlain: false)
            }
            return true
        }
        switch directive.name {
        case "allow_anonymous":
            if perListener, !listeners.isEmpty {
                listeners[listeners.count - 1].allowAnonymous = directive
            } else {
                put("access.allowAnonymous", directive.value, directive.place)
            }
        case "max_inflight_messages":
            let count = number(directive, in: 0...65_535)
            let limit = count == 0 ? 65_535 : count
            put("access.quotas.inFlight", "\(limit)", directive.place)
            put("mqtt.receiveMaximum", "\(limit)", directive.place)
        case "max_queued_messages":
            put("access.quotas.queuedMessages", unlimited(directive, 4_294_967_295), directive.place)
        case "max_queued_bytes":
            put("access.quotas.queuedBytes", unlimited(directive, 1 << 50), directive.place)
        default:
            return false
        }
        return true
    }

    private mutating func takeBroker(_ directive: MosquittoFile.Directive) -> Bool {
        let copied = [
            "queue_qos0_messages": "mqtt.queuesQoS0", "retain_available": "mqtt.retainAvailable",
            "allow_zero_length_clientid": "mqtt.assignsClientIDs", "max_qos": "mqtt.maximumQoS",
            "maximum_qos": "mqtt.maximumQoS",
            "max_topic_alias": "mqtt.topicAliasMaximum",
        ]
        if let key = copied[directive.name] {
            if let before = settings.text(at: key), before != directive.value {
                note(directive, "the same for all listeners here, so \(before) was kept")
            } else {
                put(key, directive.value, directive.place)
            }
            return true
        }
        switch directive.name {
        case "max_keepalive":
            put("mqtt.keepAliveMaximum", "\(number(directive, in: 0...65_535))s", directive.place)
        case "sys_interval":
            put("mqtt.sysInterval", "\(number(directive, in: 0...86_400))s", directive.place)
        case "persistent_client_expiration":
            guard let seconds = Self.expiry(directive.value) else {
                note(
                    directive,
                    "found \"\(directive.value)\", expected a number with h, d, w, m or y; not carried over"
                )
                return true
            }
            put("mqtt.sessionExpiryMaximum", Units.format(.seconds(seconds)), directive.place)
        case "persistence_location":
            put("dataDirectory", directive.value, directive.place, isPlain: false)
            note(
                directive,
                "used as the data directory; mosquitto.db itself is not read: sessions and retained messages start anew"
            )
        case "persistence":
            if directive.value == "false" {
                put("storage.durability", "memory", directive.place)
            }
        case "log_type":
            takeLogType(directive)
        case "log_dest":
            if directive.value != "stderr", directive.value != "none" {
                note(
                    directive,
                    "log lines go to standard error; the service manager or a shell redirects them"
                )
            }
        default:
            return false
        }
        return true
    }

    private mutating func takeLogType(_ directive: MosquittoFile.Directive) {
        let levels = [
            "debug": "debug", "all": "debug", "subscribe": "debug", "unsubscribe": "debug",
            "websockets": "debug",
            "information": "info", "notice": "notice", "warning": "warning", "error": "error",
        ]
        guard let level = levels[directive.value] else {
            note(directive, "there is no level of this name, so it was left out")
            return
        }
        let order = ["debug", "info", "notice", "warning", "error"]
        let before = settings.text(at: "log.level").flatMap { order.firstIndex(of: $0) } ?? order.count
        if let new = order.firstIndex(of: level), new < before { put("log.level", level, directive.place) }
    }

    mutating func number(_ directive: MosquittoFile.Directive, in range: ClosedRange<Int>) -> Int {
        guard let value = Int(directive.value), range.contains(value) else {
            note(
                directive,
                "found \"\(directive.value)\", expected \(range.lowerBound) to \(range.upperBound); took the lowest"
            )
            return range.lowerBound
        }
        return value
    }

    /// mosquitto's 0 for "no limit" as the highest number there is.
    private mutating func unlimited(_ directive: MosquittoFile.Directive, _ most: Int) -> String {
        let value = number(directive, in: 0...most)
        return "\(value == 0 ? most : value)"
    }

    private static func expiry(_ text: String) -> Int? {
        guard let unit = text.last, let count = Int(text.dropLast()), count > 0, count < 100_000 else {
            return nil
        }
        let hours: [Character: Int] = ["h": 1, "d": 24, "w": 168, "m": 720, "y": 8_760]
        return hours[unit].map { min(count * $0 * 3_600, 3_153_600_000) }
    }
}
