/// Tells how the way to the cloud is, by commits and round trips: a socket that is open says nothing.
///
/// Without clock: every call takes `now`, nanoseconds of a clock that never jumps.
package struct LinkMonitor: Sendable {
    /// What applications are told on `mec/v1/json/backhaul/state`.
    package enum State: String, Sendable, CaseIterable {
        /// There is a connection, or one is being made, and the far side has not answered yet.
        case probing
        case online
        /// Answers come, but late or with pauses.
        case degraded
        /// Nothing has been answered for ``Settings/offlineAfter``.
        case offline
    }

    package struct Settings: Sendable, Equatable {
        /// Time without an answer after which the link is offline.
        package var offlineAfter = Duration.seconds(20)
        /// Time without an answer, while one is due, after which it is degraded.
        package var degradedAfter = Duration.seconds(5)
        /// Round trip above which it is degraded, until it falls below seven tenths of that.
        package var degradedRoundTrip = Duration.seconds(2)
        /// How long things must be better before that is said.
        package var steadyFor = Duration.seconds(3)
        package init() {}
    }

    package private(set) var state = State.probing
    /// When it became what it is.
    package private(set) var since: UInt64
    /// Smoothed; zero before the first answer.
    package private(set) var roundTrip: UInt64 = 0
    package private(set) var lastAnswerAt: UInt64?
    private let settings: Settings
    private let startedAt: UInt64
    private var isConnected = false
    private var connectedAt: UInt64
    /// Since when an answer is due.
    private var askedAt: UInt64?
    private var betterSince: UInt64?

    package init(_ settings: Settings, now: UInt64) {
        self.settings = settings
        since = now
        startedAt = now
        connectedAt = now
    }

    package mutating func connected(_ now: UInt64) {
        isConnected = true
        connectedAt = now
        askedAt = nil
    }

    package mutating func disconnected(_ now: UInt64) {
        isConnected = false
        askedAt = nil
    }

    /// Something was sent that the far side answers.
    package mutating func asked(_ now: UInt64) {
        if askedAt == nil { askedAt = now }
    }

    /// The far side committed or answered something.
    ///
    /// - Parameter roundTrip: `nil` where it was sent more than once, so that nobody can say.
    package mutating func answered(_ now: UInt64, roundTrip sample: UInt64?) {
        lastAnswerAt = now
        askedAt = nil
        guard let sample else { return }
        roundTrip = roundTrip == 0 ? sample : roundTrip - roundTrip / 8 + sample / 8
    }

    /// The new state, where it has changed.
    package mutating func evaluate(_ now: UInt64) -> State? {
        let next = judge(now)
        guard next != state else {
            betterSince = nil
            return nil
        }
        if Self.rank(next) < Self.rank(state), state != .offline {
            // Better: only when it stays so.
            let began = betterSince ?? now
            betterSince = began
            guard now - began >= settings.steadyFor.nanoseconds else { return nil }
        }
        betterSince = nil
        state = next
        since = now
        return next
    }

    private func judge(_ now: UInt64) -> State {
        let silent = now - min(now, lastAnswerAt ?? startedAt)
        let isFresh = isConnected && now - connectedAt < settings.offlineAfter.nanoseconds
        if silent >= settings.offlineAfter.nanoseconds {
            // What is idle owes no answer: only silence after a question counts.
            if isConnected, askedAt == nil, lastAnswerAt.map({ $0 > connectedAt }) == true { return .online }
            return isFresh ? .probing : .offline
        }
        guard let lastAnswerAt else { return .probing }
        if state == .offline || state == .probing, lastAnswerAt < connectedAt {
            return isConnected ? .probing : state
        }
        let isLate = askedAt.map { now - $0 >= settings.degradedAfter.nanoseconds } ?? false
        if !isConnected || isLate { return .degraded }
        let limit = settings.degradedRoundTrip.nanoseconds
        if roundTrip > limit || (state == .degraded && roundTrip > limit / 10 * 7) { return .degraded }
        return .online
    }

    private static func rank(_ state: State) -> Int {
        switch state {
        case .online: 0
        case .degraded: 1
        case .probing: 2
        case .offline: 3
        }
    }
}

extension Duration {
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0 else { return 0 }
        return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(max(0, attoseconds) / 1_000_000_000)
    }

    package var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
