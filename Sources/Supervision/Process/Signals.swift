import Dispatch

import Glibc

/// The signals that an operator or service manager sends, as a sequence.
package enum Signal: Sendable, Equatable {
    /// SIGTERM or SIGINT: finish.
    case terminate
    /// SIGHUP: read rules, passwords, certificates and limits anew.
    case reload
}

/// Catches signals on a thread of its own.
///
/// The signals are blocked in every thread, and one thread waits for them, so no handler ever runs in the
/// middle of something. Make it before any other thread is started: threads inherit the mask. A second
/// SIGTERM or SIGINT ends the process at once.
package struct Signals: Sendable {
    package let stream: AsyncStream<Signal>

    package init() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // Writing to a connection that went away is an error of that call, not the end of the server.
        signal(SIGPIPE, SIG_IGN)

        let (stream, continuation) = AsyncStream.makeStream(
            of: Signal.self,
            bufferingPolicy: .bufferingNewest(16)
        )
        self.stream = stream
        let waiting = set
        let queue = DispatchQueue(label: "weir.signals")
        queue.async {
            var set = waiting
            var isTerminating = false
            while true {
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                if number != SIGHUP {
                    // Asked twice: whatever the first one waits for, it is not worth waiting for any more.
                    if isTerminating { _exit(128 + number) }
                    isTerminating = true
                }
                continuation.yield(number == SIGHUP ? .reload : .terminate)
            }
        }
    }
}
