import NIOCore

/// Runs tasks on the thread of an event loop.
///
/// A live event comes by a timer of the loop and goes out by a write on it: a task that runs there too hands it from one
/// to the other without waking another thread twice. Only for work that never waits for a disk.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
