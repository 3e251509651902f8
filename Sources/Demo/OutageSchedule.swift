/// When the way to the cloud is there: it comes and goes in turns.
package struct OutageSchedule: Sendable {
    package enum Link: Sendable, Equatable {
        case up
        /// Connections end, and no new one is taken.
        case cut
        /// Nothing ends and nothing moves, as where packets vanish.
        case silent
    }

    private let up: Duration
    private let down: Duration

    /// - Parameter down: zero for a link that never fails.
    package init(up: Duration, down: Duration) {
        self.up = up
        self.down = down
    }

    /// The link at a time since the start, how long it stays so, and how many outages have begun.
    package func at(_ elapsed: Duration) -> (link: Link, left: Duration, outages: Int) {
        guard down > .zero else { return (.up, .zero, 0) }
        let turn = Int(elapsed / (up + down))
        let within = elapsed - (up + down) * turn
        if within < up { return (.up, up - within, turn) }
        return (turn.isMultiple(of: 2) ? .cut : .silent, up + down - within, turn + 1)
    }
}
