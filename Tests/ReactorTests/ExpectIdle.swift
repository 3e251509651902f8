import Reactor
import Testing

/// Expects that this turn has brought nothing (more).
func expectIdle(_ reactor: inout Reactor, sourceLocation: SourceLocation = #_sourceLocation) {
    if let completion = reactor.next() {
        Issue.record("expected nothing, found \(completion)", sourceLocation: sourceLocation)
    }
}
