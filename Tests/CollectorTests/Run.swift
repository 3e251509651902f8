import Glibc

struct RunFailure: Error {
    var arguments: [String]
    var status: Int32
}

/// Runs a program to its end.
func run(_ arguments: [String]) throws {
    var process = pid_t()
    let words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    guard posix_spawn(&process, arguments[0], nil, nil, words, environ) == 0 else {
        throw RunFailure(arguments: arguments, status: -1)
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw RunFailure(arguments: arguments, status: status) }
}
