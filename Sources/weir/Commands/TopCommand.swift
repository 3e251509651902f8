import ArgumentParser
import FoundationEssentials
import Glibc
import Monitor

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a running server: clients, rates, queues, storage, memory, and what is dropped.",
        discussion: """
            Asks the server's /metrics (http.listen) again and again; on a terminal the view stays in its place, in a \
            pipe each look is a block of lines. Where the server does not answer it says so and goes on asking. \
            Ctrl-C ends it. With --once the rates are over one interval; ends with 69 when there is no answer.

            EXAMPLES
              weir top
              weir top --url http://10.0.0.5:8080 --interval 5
              weir top --once --json | jq .clients
            """
    )

    @Option(help: "Where the server's http.listen is.")
    var url = "http://127.0.0.1:8080"

    @Option(help: "Seconds between two looks, 0.1 to 3600.")
    var interval = 1.0

    @Flag(help: "Look twice, one interval apart, print and end.")
    var once = false

    @Flag(help: "A line of JSON for each look.")
    var json = false

    func validate() throws {
        guard HTTPClient.Address(url) != nil else {
            throw ValidationError(
                "--url is \"\(url)\", expected http://HOST:PORT, such as http://127.0.0.1:8080."
            )
        }
        guard interval >= 0.1, interval <= 3600 else {
            throw ValidationError("--interval is \(interval), expected 0.1 to 3600 seconds.")
        }
    }

    func run() throws {
        guard let address = HTTPClient.Address(url) else { return }
        let stop = StopSignal.descriptor()
        var view = TopView(address: address, isJSON: json, staysInPlace: !once && !json && isatty(1) == 1)
        var next = ContinuousClock.now
        var looks = 0
        view.begin()
        defer { view.end() }
        while true {
            let outcome = view.look(shows: !once || looks > 0)
            looks += 1
            if once {
                if case .failure = outcome { throw Failure.unavailable }
                if looks == 2 { return }
            }
            next = max(next + .seconds(interval), .now)
            if StopSignal.wait(stop, until: next) { return }
        }
    }
}

/// What `weir top` has on the screen.
struct TopView {
    private let client: HTTPClient
    private let isJSON: Bool
    private let staysInPlace: Bool
    private var last: (figures: ServerFigures, at: ContinuousClock.Instant)?
    private var isOpen = false

    init(address: HTTPClient.Address, isJSON: Bool, staysInPlace: Bool) {
        client = HTTPClient(address)
        self.isJSON = isJSON
        self.staysInPlace = staysInPlace
    }

    /// The alternate screen, without a cursor: what was there comes back at the end.
    mutating func begin() {
        guard staysInPlace else { return }
        isOpen = true
        Self.write("\u{1B}[?1049h\u{1B}[?25l")
    }

    mutating func end() {
        guard isOpen else { return }
        isOpen = false
        Self.write("\u{1B}[?25h\u{1B}[?1049l")
    }

    /// Asks once, and shows what came of it.
    mutating func look(shows: Bool) -> Result<Void, HTTPClient.Failure> {
        let screen = Self.screen()
        do throws(HTTPClient.Failure) {
            let page = try client.get("/metrics")
            let now = ContinuousClock.now
            var wall = timespec()
            clock_gettime(CLOCK_REALTIME, &wall)
            let time = Double(wall.tv_sec) + Double(wall.tv_nsec) / 1e9
            guard let figures = ServerFigures(MetricsText(page), now: time) else {
                throw HTTPClient.Failure(
                    description:
                        "\(client.address.description) has no metrics of Weir's; name its http.listen"
                )
            }
            let reading = ServerReading(
                figures,
                since: last?.figures,
                seconds: last.map { $0.at.duration(to: now) / .seconds(1) } ?? 0
            )
            last = (figures, now)
            guard shows else { return .success(()) }
            if isJSON {
                // Cannot fail: the numbers are finite or were left out when they were read.
                if let line = try? reading.json(time: time) { Self.write(line + "\n") }
            } else {
                show(screen.lines(reading, address: client.address.description))
            }
            return .success(())
        } catch {
            // The next answer may come from another process.
            last = nil
            if staysInPlace {
                show([String("\(error)".prefix(screen.width)), "", "asking again"])
            } else if isJSON {
                struct Line: Encodable { var error: String }
                if let line = try? JSONEncoder().encode(Line(error: "\(error)")) {
                    Self.write(String(decoding: line, as: UTF8.self) + "\n")
                }
            } else {
                Failure.tell("weir top: \(error)")
            }
            return .failure(error)
        }
    }

    private func show(_ lines: [String]) {
        guard staysInPlace else { return Self.write(lines.joined(separator: "\n") + "\n\n") }
        // Each line is cleared behind its end, then what is left below, so that nothing flickers.
        Self.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }

    private static func screen() -> Screen {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Screen(width: 160, height: 60)
        }
        return Screen(width: Int(size.ws_col), height: Int(size.ws_row))
    }

    private static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            // Nobody reads any more.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
