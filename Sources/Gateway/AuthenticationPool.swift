import Access
import EventBus
internal import Glibc
import Reactor
import Synchronization

/// Threads that check credentials where that takes long: a slow password hash would hold up all connections of a
/// shard.
final class AuthenticationPool: Sendable {
    private struct Job {
        let id: ConnectionID
        let request: ConnectRequest
        let answerTo: ShardHandle
    }

    private struct State {
        var jobs: [Job] = []
        /// Jobs before this one are done.
        var first = 0
        var isStopped = false
        var waiting: Int { jobs.count - first }
    }

    private let state = Mutex(State())
    private let access: Mutex<AccessControl>
    private let limit: Int
    /// Counts jobs, and wake-ups for the end.
    private let semaphore: Semaphore
    private let threadCount: Int
    private let threads = Mutex<[SharedThread]>([])

    init(access: AccessControl, threads: Int, limit: Int) {
        self.access = Mutex(access)
        self.limit = limit
        threadCount = threads
        semaphore = Semaphore()
    }

    /// Starts the threads; before that, jobs wait.
    func start() throws(SystemError) {
        for number in 0..<threadCount {
            let thread = try SharedThread(name: "weir-auth-\(number)") { [self] in run() }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Rules and passwords to check by from now on.
    func replace(access: AccessControl) {
        self.access.withLock { $0 = access }
    }

    /// - Returns: False when too many wait already.
    func submit(_ id: ConnectionID, _ request: ConnectRequest, answerTo shard: ShardHandle) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isStopped, state.waiting < limit else { return false }
            state.jobs.append(Job(id: id, request: request, answerTo: shard))
            return true
        }
        if isTaken { semaphore.signal() }
        return isTaken
    }

    /// Ends the threads once each has done what it is at; what waits is dropped.
    func stop() {
        state.withLock {
            $0.isStopped = true
            $0.jobs = []
            $0.first = 0
        }
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for _ in all { semaphore.signal() }
        for thread in all { thread.join() }
    }

    private func run() {
        while true {
            semaphore.wait()
            guard let job = take() else { return }
            let access = self.access.withLock { $0 }
            let second = Int64(MonotonicClock.wall() / 1_000_000_000)
            let result = access.authenticate(job.request, now: second)
            job.answerTo.commands.post(.authenticated(job.id, result))
        }
    }

    private func take() -> Job? {
        state.withLock { state in
            guard state.first < state.jobs.count else { return nil }
            let job = state.jobs[state.first]
            state.first += 1
            if state.first == state.jobs.count {
                state.jobs.removeAll(keepingCapacity: true)
                state.first = 0
            } else if state.first > 1024 {
                state.jobs.removeFirst(state.first)
                state.first = 0
            }
            return job
        }
    }
}

/// A thread that can be kept in an array, and joined once.
final class SharedThread: Sendable {
    private let thread: Mutex<ReactorThread?>

    init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        thread = Mutex(try ReactorThread(name: name, body))
    }

    func join() {
        let running = thread.withLock { thread -> ReactorThread? in thread.take() }
        guard let running else { return }
        running.join()
    }
}

/// A counting semaphore of the system, at a fixed address.
final class Semaphore: @unchecked Sendable {
    // Sendable: made for several threads; the pointer never changes.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() {
        sem_post(semaphore)
    }

    func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }
}
