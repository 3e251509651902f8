import Access
import ArgumentParser
import Supervision

struct PasswdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Change a password file.",
        discussion: """
            The flags are those of mosquitto_passwd. Passwords are kept as scrypt hashes, or with --scram in the \
            form that SCRAM-SHA-256 (MQTT 5 enhanced authentication) and plain passwords both work with. Hashes \
            that mosquitto_passwd wrote are read as they are. A running server takes changes up with "weir reload".

            EXAMPLES
              weir passwd -c passwords alice           a new file; asks for the password
              weir passwd passwords bob                adds bob, or changes his password
              weir passwd -b passwords carol secret    for scripts: others may see the password in ps
              weir passwd passwords dave < file        the password is the first line of the input
              weir passwd -D passwords bob             deletes bob
              weir passwd -U plain                     hashes a file of lines user:password in place
            """
    )

    @Flag(
        name: [.customShort("c"), .customLong("create")],
        help: "Begin with an empty file, whatever is there."
    )
    var create = false

    @Flag(name: [.customShort("b"), .customLong("batch")], help: "Take the password from the command line.")
    var batch = false

    @Flag(name: [.customShort("D"), .customLong("delete")], help: "Delete the user.")
    var delete = false

    @Flag(
        name: [.customShort("U"), .customLong("upgrade")],
        help: "Hash a file of plain passwords in place."
    )
    var upgrade = false

    @Flag(name: [.customLong("scram")], help: "Keep the password so that SCRAM-SHA-256 works with it.")
    var scram = false

    @Argument(help: "The password file.", completion: .file())
    var file: String

    @Argument(help: "The user's name.")
    var user: String?

    @Argument(help: "With -b, the password.")
    var password: String?

    func validate() throws {
        let modes = [create, delete, upgrade].count { $0 }
        guard modes <= 1 else { throw ValidationError("-c, -D and -U exclude one another.") }
        if upgrade {
            guard user == nil else { throw ValidationError("-U takes a file and nothing else.") }
        } else {
            guard user != nil else { throw ValidationError("The user's name is missing.") }
        }
        guard batch == (password != nil) else {
            let hint =
                batch ? "-b needs a password after the user." : "A password on the command line needs -b."
            throw ValidationError(hint)
        }
        if delete, batch { throw ValidationError("-D takes a file and a user.") }
    }

    func run() throws {
        do {
            try change()
        } catch let error as AccessSettingsError {
            Failure.tell("\(error)")
            throw ExitCode.failure
        } catch let error as SystemError {
            Failure.tell("\(error)")
            throw ExitCode.failure
        }
    }

    private func change() throws {
        if upgrade { return try upgradeAll() }
        guard let user else { return }
        var editor = try PasswordFileEditor(path: file, creating: create)
        if delete {
            guard editor.remove(user) else {
                Failure.tell("\(file): found no user \"\(user)\", so nothing was deleted")
                throw ExitCode.failure
            }
            return try editor.write()
        }
        try PasswordFileEditor.checkName(user, "user")
        let text = try password ?? PasswordPrompt.ask(for: user)
        _ = try editor.set(user, try hash(Array(text.utf8)))
        try editor.write()
    }

    private func upgradeAll() throws {
        let text = try TextFile.read(file, limit: 64 << 20)
        var editor = try PasswordFileEditor(path: file, creating: true)
        let count = try editor.setAll(fromLines: text, name: file, hash: hash)
        try editor.write()
        print("\(file): \(count) passwords hashed")
    }

    private func hash(_ password: [UInt8]) throws -> PasswordHash {
        scram
            ? .scram(try ScramCredential(password: String(decoding: password, as: UTF8.self)))
            : try .scrypt(password)
    }
}
