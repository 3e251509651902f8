/// A reading as lines of text, for a terminal or a pipe.
package struct Screen: Sendable {
    /// Columns that a line may take.
    package var width: Int
    /// Lines that there are; losses that do not fit are summed up.
    package var height: Int

    package init(width: Int = 80, height: Int = 24) {
        self.width = max(40, width)
        self.height = max(16, height)
    }

    /// - Parameter address: where the server was asked.
    package func lines(_ reading: ServerReading, address: String) -> [String] {
        let figures = reading.figures
        let rates = reading.rates
        func rate(_ counter: ServerFigures.Counter) -> String {
            rates[counter].map { "\(Self.short($0))/s" } ?? "-"
        }
        func bytesRate(_ counter: ServerFigures.Counter) -> String {
            rates[counter].map { "\(Self.bytes($0))/s" } ?? "-"
        }
        var lines = [
            "weir \(figures.version) at \(address)" + (figures.uptime.map { ", up \(Self.time($0))" } ?? ""),
            reading.seconds.map { "rates over \(Self.time($0))" } ?? "rates with the next look",
            "",
            row(
                "clients",
                Self.whole(figures.clients),
                "connects \(rate(.connects)), gone \(rate(.disconnects))"
            ),
            row(
                "sessions",
                Self.whole(figures.sessions),
                "subscriptions \(Self.whole(figures.subscriptions))"
            ),
            row("messages in", rate(.received), bytesRate(.receivedBytes)),
            row("messages out", rate(.delivered), bytesRate(.sentBytes)),
            row("queues", Self.whole(figures.waiting), "queued \(rate(.queued))"),
            row("retained", Self.whole(figures.retained), ""),
        ]
        if let storage = figures.storage {
            let share = storage.bytesMaximum > 0 ? storage.bytes / storage.bytesMaximum * 100 : 0
            let state = storage.states.joined(separator: ", ")
            lines.append(
                row(
                    "storage",
                    state.isEmpty ? "-" : state,
                    "\(Self.bytes(storage.bytes)) of \(Self.bytes(storage.bytesMaximum)) "
                        + "(\(Self.decimal(share, 1)) %), records \(rate(.records)), "
                        + "waiting \(Self.bytes(storage.stagedBytes))"
                )
            )
        } else {
            lines.append(row("storage", "memory", "nothing outlives the process"))
        }
        if let uplink = figures.uplink {
            lines.append(row("uplink", uplink.state, "stored \(rate(.synced)), \(bytesRate(.syncedBytes))"))
            // The fullest first; the rest is in weir uplink status.
            let lanes = uplink.lanes.sorted { $0.backlogBytes > $1.backlogBytes }
            lines += lanes.prefix(max(0, height - 19)).map(lane)
        }
        let cpu = rates[.cpuSeconds].map { "\(Self.decimal($0 * 100, 1)) %" } ?? "-"
        lines.append(
            row(
                "process",
                Self.bytes(figures.residentBytes),
                "cpu \(cpu), files \(Self.whole(figures.openFiles)), turns \(rate(.turns)), "
                    + "system calls \(rate(.systemCalls))"
            )
        )
        lines += losses(reading, room: height - lines.count - 2)
        return lines.map { String($0.prefix(width)) }
    }

    private func lane(_ lane: ServerFigures.Uplink.Lane) -> String {
        var rest = Self.bytes(lane.backlogBytes)
        if let age = lane.backlogAge, lane.backlogEvents > 0 {
            rest += ", oldest \(Self.time(age)), "
            rest += lane.drainSeconds.map { "gone in \(Self.time($0))" } ?? "not shrinking"
        }
        return row("  \(lane.name)", Self.whole(lane.backlogEvents), rest)
    }

    /// What was lost or refused: since the last look, and in all.
    private func losses(_ reading: ServerReading, room: Int) -> [String] {
        let totals = reading.figures.drops
        var rows: [(name: String, now: Double, total: Double)] = []
        for (loss, total) in zip(reading.losses, totals) where total.count > 0 {
            rows.append(("\(total.kind): \(Self.words(total.reason))", loss.count, total.count))
        }
        guard !rows.isEmpty else { return ["", "nothing dropped or refused"] }
        // What goes on now comes first, then what has happened most.
        rows.sort { ($0.now, $0.total) > ($1.now, $1.total) }
        let shown = rows.count <= max(1, room) ? rows.count : max(1, room - 1)
        var lines = ["", Self.columns("dropped and refused", "new", "total")]
        lines += rows.prefix(shown).map { Self.columns($0.name, Self.whole($0.now), Self.whole($0.total)) }
        if shown < rows.count {
            let rest = rows.dropFirst(shown)
            lines.append(
                Self.columns(
                    "\(rest.count) others",
                    Self.whole(rest.reduce(0) { $0 + $1.now }),
                    Self.whole(rest.reduce(0) { $0 + $1.total })
                )
            )
        }
        return lines
    }

    private func row(_ name: String, _ value: String, _ rest: String) -> String {
        let line = Self.padded(name, 14) + Self.padded(value, 12, isRight: true)
        return rest.isEmpty ? line : line + "  " + rest
    }

    private static func columns(_ name: String, _ new: String, _ total: String) -> String {
        padded(name, 40) + padded(new, 12, isRight: true) + padded(total, 14, isRight: true)
    }

    private static func padded(_ text: String, _ width: Int, isRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? blanks + text : text + blanks
    }

    private static func words(_ label: String) -> String {
        String(label.map { $0 == "_" ? " " : $0 })
    }

    // MARK: - Numbers

    /// A count in full, in groups of three.
    package static func whole(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        let digits = Array(String(Int64(value.rounded().magnitude)))
        var text = value.rounded() < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// About three digits, with k, M or G behind: `0.5`, `12.3`, `950`, `1.25M`.
    package static func short(_ value: Double) -> String {
        scaled(value, 1000, ["", "k", "M", "G", "T"])
    }

    /// The same in powers of 1,024: `1.5 MiB`.
    package static func bytes(_ value: Double) -> String {
        scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"])
    }

    private static func scaled(_ value: Double, _ step: Double, _ units: [String]) -> String {
        guard value.isFinite else { return "-" }
        var value = value
        var unit = 0
        // What would be rounded up to the next unit is told in it.
        while abs(value) >= step - 0.5, unit < units.count - 1 {
            value /= step
            unit += 1
        }
        let decimals =
            abs(value) >= 99.95 || value == value.rounded() && unit == 0 ? 0 : abs(value) >= 9.995 ? 1 : 2
        return decimal(value, decimals) + units[unit]
    }

    /// A number with so many decimals.
    package static func decimal(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "-" }
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count)
            + fraction
    }

    /// Two units at most: `3 d 4 h`, `2 min 5 s`, `0.5 s`.
    package static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "-" }
        if seconds < 10 { return "\(decimal(seconds, 1)) s" }
        let whole = Int64(seconds)
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        if whole < 86_400 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
}
