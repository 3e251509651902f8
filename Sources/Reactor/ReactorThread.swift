internal import CLinux
internal import Glibc

/// A thread for one reactor, with a name that `top -H` shows.
package struct ReactorThread: ~Copyable {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let thread: pthread_t

    /// Starts `body` on a thread of its own, with every signal blocked: signals belong to the main thread.
    ///
    /// - Parameter name: The kernel keeps its first 15 bytes.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let argument = Unmanaged.passRetained(Body(name: name, run: body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { raw in
                guard let raw else { return nil }
                let body = Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
                pthread_setname_np(pthread_self(), String(body.name.utf8.prefix(15)) ?? "reactor")
                body.run()
                return nil
            },
            argument.toOpaque()
        )
        guard code == 0 else {
            argument.release()
            throw SystemError("pthread_create", code: code)
        }
        self.thread = thread
    }

    /// Lets the body go on by itself; nobody waits for it.
    package consuming func detach() {
        pthread_detach(thread)
    }

    /// Waits for the body to return.
    package consuming func join() {
        pthread_join(thread, nil)
    }
}
